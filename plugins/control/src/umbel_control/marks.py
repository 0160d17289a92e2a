"""What is revoked: marks, each with the moment when it was made. A mark stands for an id or for a stamp."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from umbel import clock


def of_id(task_id: str) -> str:
    """The mark of a task."""
    return f"id:{task_id}"


def of_stamp(header: str, value: Any) -> str:
    """The mark of all tasks with a stamp."""
    return f"stamp:{json.dumps([header, str(value)])}"


def ids(marks: Iterable[str]) -> list[str]:
    """The task ids among them."""
    return [mark.removeprefix("id:") for mark in marks if mark.startswith("id:")]


class Marks:
    """So many at most, and none older than `expires_s` seconds. From any thread."""

    def __init__(self, most: int, expires_s: float) -> None:
        self._most, self._expires_s = most, expires_s
        self._made: dict[str, float] = {}
        self._lock = threading.Lock()
        #: How many stamps there may be; while it is 0, nobody need look for any.
        self.stamps = 0

    def add(self, made: Mapping[str, float]) -> bool:
        """With the moments (seconds since the epoch) when they were made. Whether any was new."""
        now = clock.time()
        with self._lock:
            fresh = {mark: at for mark, at in made.items() if now - at < self._expires_s and mark not in self._made}
            self._made.update(sorted(fresh.items(), key=lambda each: each[1]))
            self.stamps += sum(mark.startswith("stamp:") for mark in fresh)
            self._forget(now)
            return bool(fresh)

    def __contains__(self, mark: str) -> bool:
        at = self._made.get(mark)
        return at is not None and clock.time() - at < self._expires_s

    def all(self) -> dict[str, float]:
        """Those that hold now, with their moments."""
        now = clock.time()
        with self._lock:
            return {mark: at for mark, at in self._made.items() if now - at < self._expires_s}

    def _forget(self, now: float) -> None:
        """The oldest stand first, but for a few that were heard of late; how old those are is seen by who asks."""
        while self._made:
            mark, at = next(iter(self._made.items()))
            if len(self._made) <= self._most and now - at < self._expires_s:
                return
            del self._made[mark]
            self.stamps -= mark.startswith("stamp:")
