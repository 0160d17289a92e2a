"""The next moment at which something may have run out.

Only the first job of each child runs, so there are never more deadlines than children, and nearly all of them are
taken back: a heap would fill up with the limits of jobs that ended long ago. It is enough to know that nothing can be
due before `next`; then every child is asked, and the true minimum becomes the new bound.
"""

from __future__ import annotations

NEVER = float("inf")


class Deadlines:
    """A lower bound of all deadlines, in `clock.monotonic()` seconds."""

    __slots__ = ("next",)

    def __init__(self) -> None:
        self.next = NEVER

    def note(self, moment: float) -> None:
        """Something will be due at `moment`."""
        if moment < self.next:
            self.next = moment

    def begin_round(self, now: float) -> bool:
        """Whether something may be due. If so, forget the bound: the caller asks everyone and notes what is left."""
        if now < self.next:
            return False
        self.next = NEVER
        return True

    def within(self, timeout_s: float, now: float) -> float:
        """How long to wait, at most `timeout_s`, so as to be back for the next deadline."""
        return max(0.0, min(self.next - now, timeout_s))
