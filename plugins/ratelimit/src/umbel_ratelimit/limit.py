"""When the next task may begin, and where the others wait."""

from __future__ import annotations

#: Seconds by which a task may be early: brokers and timers are not more exact than this.
TOLERANCE_S = 0.1


class Limit:
    """One rate. It remembers two moments, however much waits: the place in time of the next task that begins, and that
    of the next one that is sent away.

    Who comes too early is told to come back at a moment of its own, and these are as far apart as the rate says. So
    what comes back finds a free place, unless somebody who came by chance was faster: then that one has it, no place is
    lost, and the other one is sent to the end once more.
    """

    def __init__(self, per_second: float) -> None:
        self._interval_s = 1 / per_second
        self._next = 0.0
        self._last_sent_away = 0.0

    def is_free(self, now: float) -> bool:
        """Whether a task may begin now."""
        return self._next - TOLERANCE_S <= now

    def take(self, now: float) -> bool:
        """Begin a task now, if that may be."""
        if not self.is_free(now):
            return False
        self._next = max(self._next, now) + self._interval_s
        return True

    def send_away(self) -> float:
        """When to come back."""
        self._last_sent_away = max(self._last_sent_away + self._interval_s, self._next)
        return self._last_sent_away
