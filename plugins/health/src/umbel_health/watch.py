"""Asks the worker, on behalf of all who ask."""

from __future__ import annotations

import threading

from umbel import clock
from umbel.contracts.bootstep import WorkerContext
from umbel_health.judge import Judge
from umbel_health.report import Report


class Watch:
    """May be asked by any thread."""

    def __init__(self, worker: WorkerContext, judge: Judge) -> None:
        self._worker = worker
        self._judge = judge
        self._lock = threading.Lock()

    def report(self) -> Report:
        """How it is now."""
        with self._lock:
            return self._judge.judge(self._worker.state(), self._worker.tasks(), clock.monotonic())

    def start(self) -> None:
        """The worker consumes from now on."""
        self._judge.started = True

    def end(self, how: str) -> None:
        """The worker ends from now on, and takes nothing more."""
        self._judge.ending = how
