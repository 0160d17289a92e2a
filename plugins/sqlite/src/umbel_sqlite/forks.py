"""No SQLite connection may be open while the process forks: https://sqlite.org/howtocorrupt.html, section 2.6.

A child would believe that it has the locks that its parent had, for SQLite keeps them in memory that is copied, and the
system does not give them to children. Even a connection of the child's own would then write to a -wal file that others
feel free to delete. So the parent closes its connections before every fork; whoever needs one opens another.
"""

from __future__ import annotations

import os
import threading
import weakref
from functools import cache
from typing import Protocol


class Closable(Protocol):
    def hold_closed(self) -> None: ...

    def release(self) -> None: ...


def close_before_a_fork(database: Closable) -> None:
    """Call this before the database is opened for the first time."""
    _guard().add(database)


class _Guard:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: weakref.WeakSet[Closable] = weakref.WeakSet()
        self._held: list[Closable] = []

    def add(self, database: Closable) -> None:
        with self._lock:
            self._all.add(database)

    def before(self) -> None:
        self._lock.acquire()
        self._held = list(self._all)
        for database in self._held:
            database.hold_closed()

    def after(self) -> None:
        while self._held:
            self._held.pop().release()
        self._lock.release()


@cache
def _guard() -> _Guard:
    guard = _Guard()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=guard.before, after_in_parent=guard.after, after_in_child=guard.after)
    return guard
