"""One clock for the whole system.

Everything that asks for the time or waits for it goes through this module, so a test can take time into its
own hands (`with clock.manual() as now: now.advance(60)`) instead of sleeping.
"""

from __future__ import annotations

import threading
import time as _time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """The real clock."""

    # Static, for the way of a task asks a dozen times: a call less each.
    #: Seconds since the epoch, for times that are written down or compared between machines.
    time = staticmethod(_time.time)
    #: Seconds since some moment, for durations.
    monotonic = staticmethod(_time.monotonic)

    def wait(self, condition: threading.Condition, timeout_s: float | None) -> bool:
        """Wait on `condition`, whose lock the caller holds; False when `timeout_s` seconds ran out."""
        return condition.wait(timeout_s)

    def sleep(self, seconds: float) -> None:
        _time.sleep(seconds)


class ManualClock(Clock):
    """A clock that moves only when it is told to; `advance` wakes whoever waits on it."""

    def __init__(self, start: float = 1_000_000_000.0) -> None:
        self._now = start
        self._start = start
        self._moved = threading.Condition()
        # A condition stands here once for each of its waiters.
        self._waiting: list[threading.Condition] = []

    def time(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now - self._start

    def advance(self, seconds: float) -> None:
        """Move the clock `seconds` forward and wake every waiter."""
        with self._moved:
            self._now += seconds
            self._moved.notify_all()
            waiting = set(self._waiting)
        for condition in waiting:
            with condition:
                condition.notify_all()

    def wait(self, condition: threading.Condition, timeout_s: float | None) -> bool:
        if timeout_s is None:
            return condition.wait()
        deadline = self._now + timeout_s
        with self._moved:
            self._waiting.append(condition)
        try:
            if self._now >= deadline:
                return False
            condition.wait()
            return self._now < deadline
        finally:
            with self._moved:
                self._waiting.remove(condition)

    def sleep(self, seconds: float) -> None:
        until = self._now + seconds
        with self._moved:
            self._moved.wait_for(lambda: self._now >= until)


_current: Clock = Clock()


def time() -> float:
    """Seconds since the epoch."""
    return _current.time()


def monotonic() -> float:
    """Seconds since some moment."""
    return _current.monotonic()


def wait(condition: threading.Condition, timeout_s: float | None) -> bool:
    """Wait on a held `condition` for at most `timeout_s` seconds (None: for ever). Blocks."""
    return _current.wait(condition, timeout_s)


def sleep(seconds: float) -> None:
    """Blocks for `seconds`."""
    _current.sleep(seconds)


@contextmanager
def manual(start: float = 1_000_000_000.0) -> Iterator[ManualClock]:
    """Put a `ManualClock` in the place of the real one for the length of a test."""
    global _current
    before, mine = _current, ManualClock(start)
    _current = mine
    try:
        yield mine
    finally:
        _current = before
