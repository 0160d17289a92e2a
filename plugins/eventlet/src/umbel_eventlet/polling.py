"""`select.poll` for greenlets. Eventlet takes it away, since the real one stops them all."""

from __future__ import annotations

from typing import Any

from eventlet import patcher
from eventlet.green.select import get_fileno, select

_real = patcher.original("select")


class Poll:
    """As https://docs.python.org/3/library/select.html#polling-objects says."""

    def __init__(self) -> None:
        self._poll = _real.poll()
        self._masks: dict[int, int] = {}

    def register(self, fd: Any, eventmask: int = _real.POLLIN | _real.POLLPRI | _real.POLLOUT) -> None:
        self._poll.register(fd, eventmask)
        self._masks[get_fileno(fd)] = eventmask

    def modify(self, fd: Any, eventmask: int) -> None:
        self._poll.modify(fd, eventmask)
        self._masks[get_fileno(fd)] = eventmask

    def unregister(self, fd: Any) -> None:
        self._poll.unregister(fd)
        del self._masks[get_fileno(fd)]

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        """Blocks up to `timeout` milliseconds; None or less than none: for ever."""
        found: list[tuple[int, int]] = self._poll.poll(0)
        if found or timeout == 0:
            return found
        readers = [fd for fd, mask in self._masks.items() if mask & (_real.POLLIN | _real.POLLPRI)]
        writers = [fd for fd, mask in self._masks.items() if mask & _real.POLLOUT]
        select(readers, writers, [], None if timeout is None or timeout < 0 else timeout / 1000)
        return [*self._poll.poll(0)]
