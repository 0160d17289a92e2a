"""One subscription for everyone in this process who waits for a result.

It holds a thread and a connection only while somebody waits (and a moment longer, for the next one).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from umbel import clock
from umbel.contracts.backend import Backend, Subscription
from umbel.exceptions import OperationalError, PermanentError
from umbel.model.record import Record

_log = logging.getLogger("umbel.results")
_LINGER_S = 5.0
_RETRY_S = 0.2


class ResultListener:
    """Resolves futures with records as they come. Safe to use from any thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._futures: dict[str, list[Future[Record]]] = {}
        self._subscription: Subscription | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def expect(self, task_id: str) -> Future[Record]:
        """A future of the ready record of this task. Give it back with `release` when nobody waits any longer."""
        future: Future[Record] = Future()
        with self._lock:
            if self._closed:
                raise PermanentError("the app is closed: nobody listens for results any more")
            known = task_id in self._futures
            self._futures.setdefault(task_id, []).append(future)
            if self._subscription is None:
                self._subscription = self._backend.subscribe()
            if not known:
                self._subscription.add((task_id,))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="umbel-results", daemon=True)
                self._thread.start()
        return future

    def release(self, task_id: str, future: Future[Record]) -> None:
        """`future` is not waited for any longer."""
        with self._lock:
            futures = self._futures.get(task_id)
            if futures is None:
                return
            if future in futures:
                futures.remove(future)
            if not futures:
                del self._futures[task_id]
                if self._subscription is not None:
                    self._subscription.discard((task_id,))

    def _run(self) -> None:
        idle_since: float | None = None
        while True:
            with self._lock:
                subscription = self._subscription
                if self._futures:
                    idle_since = None
                elif idle_since is None:
                    idle_since = clock.monotonic()
                over = idle_since is not None and clock.monotonic() - idle_since > _LINGER_S
                if self._closed or over or subscription is None:
                    self._thread = self._subscription = None
                    break
            try:
                self._resolve(subscription.receive(1.0))
            except OperationalError as error:
                _log.warning("Waiting for results: %s; trying again", error)
                clock.sleep(_RETRY_S)
            except Exception as error:  # a driver's own fault: whoever waits must hear of it
                self._fail(error)
        if subscription is not None:
            subscription.close()

    def _resolve(self, records: Sequence[Record]) -> None:
        ready: list[tuple[Future[Record], Record]] = []
        with self._lock:
            for record in records:
                ready += [(future, record) for future in self._futures.pop(record.task_id, ())]
        for future, record in ready:
            if future.set_running_or_notify_cancel():
                future.set_result(record)

    def _fail(self, error: Exception) -> None:
        with self._lock:
            failed, self._futures = self._futures, {}
            if self._subscription is not None:
                self._subscription.discard(tuple(failed))
        for future in (future for waiting in failed.values() for future in waiting):
            if future.set_running_or_notify_cancel():
                future.set_exception(error)

    def close(self) -> None:
        """Stop listening; who still waits gets an error."""
        with self._lock:
            self._closed = True
            thread, subscription = self._thread, self._subscription
        self._fail(PermanentError("the app was closed while somebody waited for a result"))
        if subscription is not None:
            subscription.wake()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
