"""What this process has received and has not settled."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from attrs import define

from umbel import clock


@define(slots=True, eq=False)
class Hold:
    """One delivery."""

    queue: str
    #: What kombu's consumer was called with.
    received: Any
    #: Of the connection that it came over.
    opening: int
    #: On the monotonic clock: when its lease ends.
    deadline: float = float("inf")
    is_held: bool = True


class Holdings:
    """All of them. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._all: set[Hold] = set()

    def add(self, hold: Hold) -> None:
        with self._lock:
            self._all.add(hold)

    def remove(self, hold: Hold) -> None:
        hold.is_held = False
        with self._lock:
            self._all.discard(hold)

    def has(self, hold: Hold) -> bool:
        """Whether it is held: neither settled, nor its lease over. The broker may not know: some let a late one do."""
        if hold.is_held and clock.monotonic() >= hold.deadline:
            self.remove(hold)
        return hold.is_held

    def all(self) -> Sequence[Hold]:
        with self._lock:
            return list(self._all)
