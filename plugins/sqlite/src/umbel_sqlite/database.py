"""The one connection of this process to a database file, shared by its threads."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from umbel import clock
from umbel.exceptions import PermanentError
from umbel_sqlite import forks
from umbel_sqlite.checkpoint import Checkpointer
from umbel_sqlite.errors import is_locked, translated
from umbel_sqlite.opening import open_database
from umbel_sqlite.patience import patiently
from umbel_sqlite.settings import SqliteSettings

logger = logging.getLogger(__name__)

#: Seconds between two looks whether the file is still the one that was opened.
IDENTITY_CHECK_S = 1.0


class Database:
    """Opens the file when it is first needed, and again when the connection is lost.

    Everything raises `TemporaryError` or `PermanentError`, and may block for `busy_timeout_s`.
    """

    def __init__(self, path: str, settings: SqliteSettings) -> None:
        self.path = path
        #: How often the file was opened: who keeps something in it looks again when this has grown.
        self.openings = 0
        self._settings = settings
        self._closed = False
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._files: list[tuple[int, int] | None] = []
        self._check_at = 0.0
        self._checkpointer = Checkpointer(path)
        forks.close_before_a_fork(self)

    @property
    def settings(self) -> SqliteSettings:
        return self._settings

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that has the write lock: committed at the end of the block, rolled back if it raises."""
        with self._held() as connection:
            patiently(lambda: connection.execute("BEGIN IMMEDIATE"), self._settings.busy_timeout_s)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):  # what went wrong before is what matters
                        connection.execute("ROLLBACK")
                raise
            self._checkpointer.after_commit(connection)

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """The rows that one statement gives, which must only read."""
        with self._held() as connection:
            return patiently(lambda: connection.execute(sql, parameters).fetchall(), self._settings.busy_timeout_s)

    def close(self) -> None:
        """Close for good."""
        with self._lock:
            self._closed = True
            self._drop()

    def hold_closed(self) -> None:
        """Close the connection, and let no other be opened until `release`."""
        self._lock.acquire()
        self._drop()

    def release(self) -> None:
        """Open again when needed."""
        self._lock.release()

    @contextmanager
    def _held(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connected()
            except sqlite3.Error as error:
                if not is_locked(error):
                    self._drop()  # The next call begins afresh.
                raise translated(error, self.path) from error
            except (UnicodeError, OverflowError) as error:
                raise translated(error, self.path) from error

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise PermanentError(f"SQLite database {self.path}: this connection was closed by its own process")
        now = clock.monotonic()
        if now >= self._check_at:
            self._check_at = now + IDENTITY_CHECK_S
            if self._connection is not None and self._files != _identity(self.path):
                logger.warning("SQLite database %s was removed or replaced; opening what is there now", self.path)
                self._drop()
        if self._connection is None:
            self._connection = open_database(self.path, self._settings)
            self._files = _identity(self.path)
            self.openings += 1
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def _identity(path: str) -> list[tuple[int, int] | None]:
    """Which files the database consists of. The -wal file must be the same one too: if this process has lost its locks
    (https://sqlite.org/howtocorrupt.html, section 2.2), another one deletes it in the belief that it is the last."""
    return [_file(path), _file(f"{path}-wal")]


def _file(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
