"""Where a workflow runs: an app with its tasks, and workers in threads of this process."""

from __future__ import annotations

import threading
from typing import Any

from canvases import define

from umbel import Umbel
from umbel.worker import Worker

#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 20.0


class Place:
    """An app with its tasks; workers are started in threads of this process."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self.app = Umbel("w", broker=url, backend=url, set_as_current=False, **settings)
        self.tasks = define(self.app)
        self._workers: list[tuple[Worker, threading.Thread]] = []

    def work(self, **options: Any) -> Worker:
        """A worker that runs; it is stopped at the end."""
        worker = Worker(self.app, pool="threads", concurrency=4, **options)
        thread = threading.Thread(target=worker.run, kwargs={"handle_signals": False}, daemon=True)
        thread.start()
        self._workers.append((worker, thread))
        return worker

    def stop(self) -> None:
        for worker, _ in self._workers:
            worker.stop()
        for _, thread in self._workers:
            thread.join(LIMIT_S)
            assert not thread.is_alive(), "the worker has not ended"
        self._workers.clear()

    def close(self) -> None:
        self.stop()
        self.app.close()
