"""Moving what the -wal file holds into the database, so that it does not grow for ever.

SQLite's own automatic checkpoint never gets to the end while other processes go on writing: the file grew by 10 MB a
second, and each commit past the limit began another checkpoint, with two syncs. Here the bulk is moved beside the
others, and then they have to stand still for the little that came meanwhile.

https://sqlite.org/wal.html, sections 2.3 and 6
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time

from umbel_sqlite.errors import is_locked
from umbel_sqlite.patience import STEP_S

logger = logging.getLogger(__name__)

#: Bytes at which the file is emptied. Pages that changed many times are moved once, so later is cheaper.
LIMIT = 16 * 2**20
#: Seconds to wait for a moment in which nobody reads or writes; there will be another.
TRY_FOR_S = 0.02


class Checkpointer:
    """Looks after each commit whether it is time."""

    def __init__(self, database_path: str) -> None:
        self._wal = f"{database_path}-wal"
        self._limit = LIMIT

    def after_commit(self, connection: sqlite3.Connection) -> None:
        """Empty the -wal file if it is long, and nobody else is at it. Raises nothing: what was committed is kept."""
        try:
            size = os.stat(self._wal).st_size
        except OSError:
            return
        if size < self._limit:
            return
        self._limit = size + LIMIT // 4
        try:
            if _empty(connection):
                self._limit = LIMIT
        except sqlite3.Error as error:
            logger.warning("%s is %d MB long and cannot be emptied: %s", self._wal, size >> 20, error)


def _empty(connection: sqlite3.Connection) -> bool:
    if not _checkpoint(connection, "PASSIVE"):
        return False
    until = time.monotonic() + TRY_FOR_S
    while not _checkpoint(connection, "TRUNCATE"):
        if time.monotonic() > until:
            return False
        time.sleep(STEP_S)
    return True


def _checkpoint(connection: sqlite3.Connection, mode: str) -> bool:
    """https://sqlite.org/pragma.html#pragma_wal_checkpoint"""
    try:
        ((busy, _, _),) = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
    except sqlite3.OperationalError as error:
        if not is_locked(error):
            raise
        return False
    return not busy
