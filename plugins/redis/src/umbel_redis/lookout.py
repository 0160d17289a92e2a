"""Waiting awake, for a moment, for an answer that is about to come.

A server on the same machine, or in the same rack, answers a small command sooner than a sleeping process is woken up
again; on a virtual machine, whose processor sleeps with it and then has forgotten what it had at hand, much sooner. So
the caller looks a few times first, and lets others run in between. Where the answers take longer than that, it soon
gives up looking.
"""

from __future__ import annotations

import os
from typing import Any

#: Together some 80 microseconds.
LOOKS = 100
#: After so many calls in a row whose answers took longer, it is not tried for so many calls.
PATIENCE, REST = 8, 1000

_let_others_run = getattr(os, "sched_yield", lambda: None)


class Lookout:
    """One for each connection."""

    def __init__(self) -> None:
        self._in_vain = 0

    def look(self, poll: Any) -> None:
        """Returns when something can be read, or when that has been awaited for long enough."""
        if self._in_vain >= PATIENCE:
            self._in_vain = self._in_vain + 1 if self._in_vain < PATIENCE + REST else 0
            return
        for _ in range(LOOKS):
            if poll.poll(0):
                self._in_vain = 0
                return
            _let_others_run()
        self._in_vain += 1
