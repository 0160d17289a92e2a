"""Calls that are made again and again while the worker runs."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable

from umbel import clock

_log = logging.getLogger("umbel.worker")


class Timer:
    """One thread for all of them, started with the first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, float, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False

    def every(self, interval_s: float, call: Callable[[], None]) -> None:
        """Call it every `interval_s` seconds, for the first time after that long. Errors are logged."""
        with self._changed:
            heapq.heappush(self._heap, (clock.monotonic() + interval_s, next(self._order), interval_s, call))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="umbel-timer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def stop(self) -> None:
        """Blocks until the thread has ended."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(5.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                due, _, interval_s, call = self._heap[0]
                wait_s = due - clock.monotonic()
                if wait_s > 0:
                    clock.wait(self._changed, wait_s)
                    continue
                heapq.heapreplace(self._heap, (clock.monotonic() + interval_s, next(self._order), interval_s, call))
            try:
                call()
            except Exception:
                _log.exception("A periodic call of the worker raised")
