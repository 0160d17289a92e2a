"""`queue.SimpleQueue` for greenlets.

Eventlet puts one in its place whose `put` takes a lock. A signal handler may not do that: the greenlet that it
interrupts may have that very lock.
"""

from __future__ import annotations

from collections import deque
from queue import Empty
from time import monotonic
from typing import Any

from umbel_eventlet.bell import Bell


class SimpleQueue:
    """As https://docs.python.org/3/library/queue.html#simplequeue-objects says."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._bells: deque[Bell] = deque()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        self._items.append(item)
        self._ring()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        until = None if timeout is None else monotonic() + timeout
        while True:
            try:
                return self._items.popleft()
            except IndexError:
                left_s = None if until is None else until - monotonic()
                if not block or (left_s is not None and left_s <= 0):
                    raise Empty from None
            self._wait(left_s)

    def _wait(self, timeout_s: float | None) -> None:
        bell = Bell()
        self._bells.append(bell)
        try:
            if not self._items:  # a signal handler may have put something before the bell was there
                bell.wait(timeout_s)
        except BaseException:
            if bell not in self._bells and self._items:  # it was rung for something that somebody else must take
                self._ring()
            raise
        finally:
            if bell in self._bells:
                self._bells.remove(bell)

    def _ring(self) -> None:
        try:
            self._bells.popleft().ring()
        except IndexError:
            return

    def put_nowait(self, item: Any) -> None:
        self.put(item)

    def get_nowait(self) -> Any:
        return self.get(block=False)

    def empty(self) -> bool:
        return not self._items

    def qsize(self) -> int:
        return len(self._items)

    def __class_getitem__(cls, item: Any) -> Any:
        return cls
