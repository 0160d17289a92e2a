"""The line of jobs: who waits, who runs, and what is told of it."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence
from queue import SimpleQueue
from typing import NamedTuple

from umbel.model.job import Finished, Job, Started


class Lost(NamedTuple):
    """A job without an outcome; the runner makes one of it."""

    job: Job
    error: BaseException


class Limited(NamedTuple):
    """A job with a time limit has begun, at this `clock.monotonic()`."""

    job: Job
    begun: float


class Wake:
    """Only ends the wait for events."""


Happening = Started | Finished | Lost | Limited | Wake


class Line:
    """Jobs wait here until there is room. Each is in one place at a time, and its end is told once, whoever tells it
    first: the one who ran it, or the one who gave it up."""

    def __init__(self, happened: SimpleQueue[Happening], size: int) -> None:
        self._happened = happened
        self._size = size
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._running: dict[int, Job] = {}
        self._closed = False

    def join(self, jobs: Sequence[Job]) -> bool:
        """Put jobs at the end; False if the line is closed."""
        with self._lock:
            if not self._closed:
                self._waiting.extend(jobs)
            return not self._closed

    def take(self) -> Job | None:
        """The next job, which has begun herewith; None if none waits, or if there is no room."""
        with self._lock:
            if not self._waiting or len(self._running) >= self._size:
                return None
            job = self._waiting.popleft()
            self._running[job.key] = job
            self._happened.put(Started(job.key, os.getpid()))
            return job

    def end(self, key: int, end: Finished | Lost) -> bool:
        """Tell that the job has ended; False, and nothing is told, if it does not run (any more)."""
        with self._lock:
            if self._running.pop(key, None) is None:
                return False
            self._happened.put(end)
            return True

    def find(self, key: int) -> Job | None:
        """The job, if it runs."""
        return self._running.get(key)

    def running(self) -> list[Job]:
        with self._lock:
            return list(self._running.values())

    def withdraw(self, close: bool = False) -> list[Job]:
        """Take out the jobs that wait; with `close`, no others may join."""
        with self._lock:
            self._closed = self._closed or close
            waiting = list(self._waiting)
            self._waiting.clear()
            return waiting

    def resize(self, size: int) -> None:
        with self._lock:
            self._size = size
