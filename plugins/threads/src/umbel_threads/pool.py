"""The pool: threads take jobs from a line and put what happens into a queue."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import NamedTuple

from umbel import clock
from umbel.contracts.pool import Pool, PoolSettings, Runner
from umbel.exceptions import ImproperlyConfigured, PermanentError, Terminated
from umbel.model.job import Finished, Job, PoolEvent, Started
from umbel_threads.line import Line


class Lost(NamedTuple):
    """A job without an outcome; the runner makes one of it."""

    job: Job
    error: BaseException


class Wake:
    """Only ends the wait for events."""


Happening = Started | Finished | Lost | Wake


class ThreadsPool(Pool):
    """Runs jobs in threads of the worker's own process.

    A thread cannot be killed. So there are no time limits and no termination, and a cold stop leaves running tasks
    behind: their outcome is `Terminated`, what they return later is ignored, and they end with the process. That is
    why the threads are daemons; a warm stop waits for them all the same.
    """

    contract_version = 1
    features = frozenset({"concurrent", "resize"})

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        _check(settings)
        self._numbers = itertools.count(1)
        self._happened: SimpleQueue[Happening] = SimpleQueue()
        self._ended: SimpleQueue[threading.Thread] = SimpleQueue()
        self._line = Line(lambda job: self._happened.put(Started(job.key, os.getpid())))
        self._back: list[Job] = []
        self._alive = 0

    def start(self, runner: Runner) -> None:
        self._runner = runner
        self.resize(self.settings.concurrency)

    def resize(self, concurrency: int) -> None:
        _check(PoolSettings(concurrency=concurrency))
        for _ in range(self._line.want(concurrency)):
            thread = threading.Thread(target=self._work, name=f"umbel-thread-{next(self._numbers)}", daemon=True)
            self._alive += 1
            thread.start()

    def submit(self, jobs: Sequence[Job]) -> None:
        if not self._line.join(jobs):
            raise PermanentError("the threads pool has stopped, and takes no more jobs")

    def _work(self) -> None:
        while (job := self._line.next()) is not None:
            try:
                happening: Happening = Finished(job.key, self._runner.run(job))
            except BaseException as error:  # a runner lets nothing out; should it, the thread must not die of it
                happening = Lost(job, error)
            self._line.done(job, partial(self._happened.put, happening))
        self._ended.put(threading.current_thread())

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        happened: list[Happening] = []
        try:
            happened.append(self._happened.get(timeout=timeout_s) if timeout_s != 0 else self._happened.get_nowait())
            for _ in range(self._happened.qsize()):
                happened.append(self._happened.get_nowait())
        except Empty:
            pass
        return [self._tell(one) for one in happened if not isinstance(one, Wake)]

    def _tell(self, happening: Started | Finished | Lost) -> PoolEvent:
        if isinstance(happening, Lost):
            return Finished(happening.job.key, self._runner.lost(happening.job, happening.error))
        return happening

    def wake(self) -> None:
        self._happened.put(Wake())

    def withdraw(self) -> list[Job]:
        return self._line.withdraw()

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        """See `Pool.stop`: with a grace, tasks that are still running after it are left behind."""
        ends = None if grace_s is None else clock.monotonic() + grace_s
        # Kept, in case a signal handler ends this call with an exception, and calls `stop` again.
        self._back += self._line.withdraw(close=True)
        self._line.want(0)
        try:
            while self._alive:
                self._ended.get(timeout=None if ends is None else max(0.0, ends - clock.monotonic())).join()
                self._alive -= 1
        except Empty:
            for job in self._line.give_up():
                self._happened.put(Lost(job, Terminated("the worker was stopped before the task had ended")))
        back, self._back = self._back, []
        return back


def _check(settings: PoolSettings) -> None:
    if settings.concurrency < 1:
        raise ImproperlyConfigured(
            f"the pool 'threads' was given concurrency = {settings.concurrency!r}; it must be at least 1"
        )
    for name, value in {
        "max_tasks_per_child": settings.max_tasks_per_child,
        "max_memory_per_child": settings.max_memory_per_child_kib,
    }.items():
        if value is not None:
            raise ImproperlyConfigured(
                f"the pool 'threads' was given {name} = {value!r}, but has no process that it could replace: "
                "leave it out, or use the pool 'prefork'"
            )
