"""Counts executions in a file that every process of a run maps, so that the task body itself is the witness.

The file is a row of unsigned 64-bit numbers: a header (`READY`, `NEXT`, `RELEASED`), then a slot of four for each
thread that has run a task: how often it has, and when first and last (nanoseconds of the monotonic clock, which all
processes of a machine share). A slot has one writer, so nothing is locked while tasks run: greenlets and coroutines of
a thread share its slot, for none of them waits in the middle of a tick.

This module is imported by every peer's interpreter: standard library only.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from _thread import get_native_id  # of the system's thread, also where greenlets pass for threads

READY, NEXT, RELEASED, HEADER = 0, 1, 2, 8
SLOT, SLOTS = 4, 1000  # the fourth number of a slot keeps slots on cache lines of their own
SIZE = 8 * (HEADER + SLOT * SLOTS)
VARIABLE = "BENCH_COUNTER"


class Counter:
    """The open file; `path` is created full of zeros if it is not there."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(self._file).st_size < SIZE:
            os.ftruncate(self._file, SIZE)
        self._cells = memoryview(mmap.mmap(self._file, SIZE)).cast("Q")
        #: Where the slot of each thread of this process is.
        self._slots: dict[int, int] = {}
        os.register_at_fork(after_in_child=self._slots.clear)

    def _claim(self) -> int:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            number = self._cells[NEXT]
            self._cells[NEXT] = number + 1
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        if number >= SLOTS:
            raise RuntimeError(f"more than {SLOTS} threads have run tasks in one benchmark")
        return HEADER + SLOT * number

    def tick(self) -> None:
        """One execution, now."""
        thread = get_native_id()
        at = self._slots.get(thread) or self._slots.setdefault(thread, self._claim())
        now = time.monotonic_ns()
        cells = self._cells
        if not cells[at]:
            cells[at + 1] = now
        cells[at + 2] = now
        cells[at] += 1

    def ready(self) -> None:
        """The worker is ready, now; only the first call counts."""
        if not self._cells[READY]:
            self._cells[READY] = time.monotonic_ns()

    def hold(self) -> None:
        """Block until `release`: a task that keeps its worker busy."""
        self.tick()
        while not self._cells[RELEASED]:
            time.sleep(0.05)

    def release(self) -> None:
        self._cells[RELEASED] = 1

    @property
    def ready_ns(self) -> int:
        """When the worker was ready; 0: it is not."""
        return self._cells[READY]

    @property
    def count(self) -> int:
        return sum(self._cells[at] for at in self._used())

    @property
    def first_ns(self) -> int:
        """When the first execution began; 0: none has."""
        return min((self._cells[at + 1] for at in self._used() if self._cells[at]), default=0)

    @property
    def last_ns(self) -> int:
        """When the last execution so far began; 0: none has."""
        return max((self._cells[at + 2] for at in self._used() if self._cells[at]), default=0)

    def _used(self) -> range:
        return range(HEADER, HEADER + SLOT * self._cells[NEXT], SLOT)


_counter: Counter | None = None


def counter() -> Counter:
    """The counter of this run, as the environment names it."""
    global _counter
    if _counter is None:
        _counter = Counter(os.environ[VARIABLE])
    return _counter
