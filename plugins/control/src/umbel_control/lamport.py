"""A logical clock: https://en.wikipedia.org/wiki/Lamport_timestamp"""

from __future__ import annotations

import threading


class LamportClock:
    """Counts messages, so that those of many nodes have an order. From any thread."""

    def __init__(self) -> None:
        self.value = 0
        self._lock = threading.Lock()

    def forward(self) -> int:
        """The moment of a message that is sent now."""
        with self._lock:
            self.value += 1
            return self.value

    def adjust(self, other: int) -> None:
        """A message of that moment has come."""
        with self._lock:
            self.value = max(self.value, other) + 1
