"""Values that go when their time is over."""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import define

from umbel import clock

V = TypeVar("V")


@define
class _Kept(Generic[V]):
    value: V
    #: Of the monotonic clock.
    ends: float

    def is_over(self) -> bool:
        return self.ends <= clock.monotonic()


class Expiring(Generic[V]):
    """A mapping from text to values; each may have a time to live in seconds. The caller holds a lock."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept[V]] = {}

    def put(self, key: str, value: V, ttl_s: float | None) -> None:
        self._kept[key] = _Kept(value, float("inf") if ttl_s is None else clock.monotonic() + ttl_s)

    def get(self, key: str) -> V | None:
        kept = self._kept.get(key)
        return None if kept is None or kept.is_over() else kept.value

    def pop(self, key: str) -> None:
        self._kept.pop(key, None)

    def sweep(self) -> int:
        """Drop what is over; returns how many."""
        over = [key for key, kept in self._kept.items() if kept.is_over()]
        for key in over:
            del self._kept[key]
        return len(over)
