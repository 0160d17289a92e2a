"""Queues that a double of a client keeps, in a process of their own: other processes find them by the environment."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from multiprocessing.managers import BaseManager
from typing import Any

#: The path of the socket at which the process listens.
VARIABLE = "UMBEL_TESTS_SEAM_STORE"
_KEY = b"umbel tests"


class Queues:
    """What a broker does with locks: who takes a message has it until it is done, given back, or the lock ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(1)
        #: By name: the messages by their numbers, as [body, when the lock ends, how often it was taken].
        self._queues: dict[str, dict[int, list[Any]]] = {}

    def names(self) -> list[str]:
        return list(self._queues)

    def make(self, name: str) -> bool:
        """False if it is there."""
        with self._lock:
            is_new = name not in self._queues
            self._queues.setdefault(name, {})
            return is_new

    def drop(self, name: str) -> None:
        with self._lock:
            self._queues.pop(name, None)

    def put(self, name: str, body: Any) -> None:
        with self._lock:
            self._queues[name][next(self._numbers)] = [body, 0.0, 0]

    def take(self, name: str, lock_s: float) -> tuple[int, Any, int] | None:
        """Its number, the body, and how often it was taken before."""
        now = time.monotonic()
        with self._lock:
            for number, message in self._queues[name].items():
                if message[1] <= now:
                    message[1:] = [now + lock_s, message[2] + 1]
                    return number, message[0], message[2] - 1
        return None

    def renew(self, name: str, number: int, taken: int, lock_s: float) -> bool:
        """False if the lock is over, or another one has it."""
        now = time.monotonic()
        with self._lock:
            message = self._queues[name].get(number)
            if message is None or message[1] <= now or message[2] != taken + 1:
                return False
            message[1] = now + lock_s
            return True

    def done(self, name: str, number: int) -> bool:
        with self._lock:
            return self._queues[name].pop(number, None) is not None

    def back(self, name: str, number: int) -> None:
        with self._lock:
            if number in self._queues[name]:
                self._queues[name][number][1] = 0.0

    def size(self, name: str) -> int:
        now = time.monotonic()
        with self._lock:
            return sum(message[1] <= now for message in self._queues.get(name, {}).values())

    def clear(self) -> None:
        with self._lock:
            self._queues.clear()


class _Manager(BaseManager):
    pass


_queues = Queues()
_Manager.register("queues", lambda: _queues)


@contextmanager
def running() -> Iterator[Any]:
    """The process, until the end; yields the queues."""
    manager = _Manager(authkey=_KEY)
    manager.start()
    try:
        os.environ[VARIABLE] = str(manager.address)
        yield connected()
    finally:
        os.environ.pop(VARIABLE, None)
        manager.shutdown()


def connected() -> Any:
    """The queues, for a double."""
    return _proxy(os.environ[VARIABLE])


@cache
def _proxy(address: str) -> Any:
    """One for each process, for ever: a proxy that goes closes the connection of its thread, which others share."""
    manager = _Manager(address, _KEY)
    manager.connect()
    return manager.queues()  # type: ignore[attr-defined]
