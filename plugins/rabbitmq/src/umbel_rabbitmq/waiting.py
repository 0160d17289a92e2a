"""Waiting for a link in a way that anybody may end."""

from __future__ import annotations

import os
import select
from contextlib import suppress

from umbel_rabbitmq.link import Link


class Waiter:
    """One thread waits; `wake` is for all, signal handlers included."""

    def __init__(self) -> None:
        self._woken = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def wake(self) -> None:
        """End the wait that is under way, or the next one, and have `was_woken` say so. Never blocks."""
        self._woken = True
        self.nudge()

    def nudge(self) -> None:
        """End the wait that is under way, or the next one. Never blocks."""
        with suppress(OSError):  # It is full, which does as well; or closed.
            os.write(self._write, b"!")

    def was_woken(self) -> bool:
        """Whether `wake` was called since this was last asked."""
        woken, self._woken = self._woken, False
        return woken

    def wait(self, link: Link | None, timeout_s: float) -> None:
        """Blocks until the link has something to read, or for `timeout_s` seconds."""
        poll = select.poll()
        poll.register(self._read, select.POLLIN)
        if link is not None and link.is_open:
            if link.is_readable():
                return
            poll.register(link.fileno(), select.POLLIN)
        # Not shorter than asked for: poll counts milliseconds, and drops what is less.
        for descriptor, _ in poll.poll(max(0.0, timeout_s) * 1000 + 0.999):
            if descriptor == self._read:
                with suppress(BlockingIOError):
                    os.read(self._read, 4096)

    def close(self) -> None:
        """Nobody may be waiting."""
        read, self._read = self._read, -1
        write, self._write = self._write, -1
        for descriptor in (read, write):
            if descriptor >= 0:
                os.close(descriptor)
