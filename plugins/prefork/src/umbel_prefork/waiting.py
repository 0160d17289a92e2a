"""Waiting for many file descriptors at once, with a pipe that ends the wait."""

from __future__ import annotations

import contextlib
import math
import os
import select

READABLE = select.POLLIN
WRITABLE = select.POLLOUT


class Waiter:
    """Used by the thread that waits; `wake` may be called from any thread and from a signal handler."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._awake, self._alarm = os.pipe()
        for fd in (self._awake, self._alarm):
            os.set_blocking(fd, False)
        self.add(self._awake)
        self._pause = select.poll()
        self._pause.register(self._awake, READABLE)
        #: Set by `wake`, for the waiting thread to take back.
        self.woken = False

    def add(self, fd: int) -> None:
        self._poll.register(fd, READABLE)

    def remove(self, fd: int) -> None:
        with contextlib.suppress(KeyError):
            self._poll.unregister(fd)

    def write_too(self, fd: int, wanted: bool) -> None:
        """Whether to end the wait also when `fd` has room."""
        self._poll.modify(fd, READABLE | WRITABLE if wanted else READABLE)

    def wait(self, timeout_s: float) -> list[tuple[int, int]]:
        """File descriptors with what they are ready for; empty after `timeout_s` seconds or `interrupt`."""
        ready = self._poll.poll(math.ceil(timeout_s * 1000))
        if any(fd == self._awake for fd, _ in ready):
            with contextlib.suppress(BlockingIOError):
                os.read(self._awake, 4096)
            ready = [(fd, mask) for fd, mask in ready if fd != self._awake]
        return ready

    def pause(self, seconds: float) -> None:
        """Let things gather for so long, unless `interrupt` ends it."""
        self._pause.poll(math.ceil(seconds * 1000))

    def interrupt(self) -> None:
        """End the wait, now or the next one."""
        if self._alarm >= 0:
            with contextlib.suppress(BlockingIOError):  # full: it is going to end
                os.write(self._alarm, b"!")

    def wake(self) -> None:
        """End the wait, and let the waiter know that somebody wanted it to end."""
        self.woken = True
        self.interrupt()

    def close(self) -> None:
        alarm, self._alarm = self._alarm, -1
        os.close(alarm)
        os.close(self._awake)
