"""What a greenlet waits at for another one, or for a signal handler."""

from __future__ import annotations

from typing import Any

from eventlet import hubs
from greenlet import getcurrent, greenlet


class Bell:
    """One greenlet waits; anyone rings, and a signal handler may interrupt the one who waits at any moment."""

    def __init__(self) -> None:
        self._is_rung = False
        self._waiter: greenlet | None = None
        self._call: Any = None

    def ring(self) -> None:
        """End the wait that is under way, or the next one. Never blocks."""
        self._is_rung = True
        self._switch()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Blocks up to `timeout_s` seconds (None: for ever); whether it was rung since the last wait."""
        hub = hubs.get_hub()
        self._waiter = getcurrent()
        timer = None if timeout_s is None else hub.schedule_call_global(timeout_s, self._switch)
        try:
            if not self._is_rung:
                hub.switch()
        finally:
            # Whoever was about to switch here must not do it when this greenlet waits for something else.
            self._waiter = None
            for each in (timer, self._call):
                if each is not None:
                    each.cancel()
            self._call = None
        is_rung, self._is_rung = self._is_rung, False
        return is_rung

    def _switch(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            self._call = hubs.get_hub().schedule_call_global(0, waiter.switch)
