"""The line of jobs in front of the threads: who takes one, who must go."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from umbel.model.job import Job


class Line:
    """Jobs wait here; a thread that takes one is counted as running it in the same instant.

    A thread sleeps until there is a *call*. There is one for each job and one for each thread too many, and there may
    be more: who is called and finds nothing to do sleeps again.
    """

    def __init__(self, on_begin: Callable[[Job], None]) -> None:
        self._lock = threading.Lock()
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._running: dict[int, Job] = {}
        self._on_begin = on_begin
        self._threads = 0
        self._wanted = 0
        self._closed = False

    def join(self, jobs: Sequence[Job]) -> bool:
        """Put jobs at the end; False if the line is closed."""
        with self._lock:
            if self._closed:
                return False
            self._waiting.extend(jobs)
        self._call(len(jobs))
        return True

    def next(self) -> Job | None:
        """The next job, for a thread to run; `on_begin` is told first. None: the thread must end. Blocks."""
        while True:
            self._calls.get()
            with self._lock:
                if self._threads > self._wanted:
                    self._threads -= 1
                    break
                if self._waiting:
                    job = self._waiting.popleft()
                    self._running[job.key] = job
                    self._on_begin(job)
                    return job
        self._call(1)  # It may have been meant for a job.
        return None

    def done(self, job: Job, tell: Callable[[], None]) -> None:
        """The job has ended; `tell` is called unless it was given up before."""
        with self._lock:
            if self._running.pop(job.key, None) is not None:
                tell()

    def give_up(self) -> list[Job]:
        """The jobs that run: nobody will be told how they end."""
        with self._lock:
            given_up = list(self._running.values())
            self._running.clear()
        return given_up

    def withdraw(self, close: bool = False) -> list[Job]:
        """Take out the jobs that wait; with `close`, no others may join."""
        with self._lock:
            self._closed = self._closed or close
            waiting = list(self._waiting)
            self._waiting.clear()
        return waiting

    def want(self, threads: int) -> int:
        """How many threads there should be. Returns how many the caller must start; who is too many ends by itself."""
        with self._lock:
            self._wanted = threads
            missing = max(0, threads - self._threads)
            too_many = max(0, self._threads - threads)
            self._threads += missing
        self._call(too_many)
        return missing

    def _call(self, times: int) -> None:
        for _ in range(times):
            self._calls.put(None)
