"""How large the pool shall be."""

from __future__ import annotations

from umbel_autoscale.limits import Limits


class Scaler:
    """Grows at once to what is reserved, up to the maximum; shrinks to the most that was needed in the last
    `keepalive_s` seconds.

    A subclass that `worker_autoscaler` names may decide in another way.
    """

    def __init__(self, limits: Limits, keepalive_s: float) -> None:
        #: May be changed while the worker runs.
        self.limits = limits
        self._keepalive_s = keepalive_s
        #: Since when fewer have been enough, and how many that were at most; None: they are not.
        self._enough_since: float | None = None
        self._needed = 0

    def size(self, concurrency: int, reserved: int, prefetch: int, now: float) -> int:
        """`concurrency` is the size of now, `reserved` how many tasks the worker has in hand, `prefetch` how many it
        may have; `now` is of `clock.monotonic()`. Called about every second, by one thread at a time."""
        # A worker that has all it may have does not know how many more wait: it goes on by one. In Celery a pool with a
        # prefetch multiplier of 1 never grows.
        needed = max(reserved, concurrency + 1) if reserved >= prefetch else reserved
        wanted = min(max(needed, self.limits.least), self.limits.most)
        if wanted >= concurrency or concurrency > self.limits.most:
            self._enough_since = None
            return wanted
        if self._enough_since is None:
            self._enough_since, self._needed = now, 0
        self._needed = max(self._needed, wanted)
        if now - self._enough_since < self._keepalive_s:
            return concurrency
        self._enough_since = None
        return self._needed
