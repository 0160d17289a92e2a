"""What SQLite says, in words that help, as one of the two errors that the kernel knows."""

from __future__ import annotations

import sqlite3

from umbel.exceptions import DriverError, PermanentError, TemporaryError

_RESCUE = (
    "Nothing was deleted. Stop everything that uses it, copy the file (with the ones that end in -wal and -shm), and "
    "try `sqlite3 FILE .recover`; or move it away, and a new one is made at the next start"
)

#: By a part of SQLite's message (https://sqlite.org/rescode.html): Python 3.10 does not give the code.
_KNOWN: tuple[tuple[str, type[DriverError], str], ...] = (
    ("is locked", TemporaryError, "another process has held its lock for longer than sqlite_busy_timeout_s"),
    ("is full", TemporaryError, "there is no room on the disk; free some"),
    ("disk I/O error", TemporaryError, "the disk or the file system does not work as it should; see the system's log"),
    ("closed database", TemporaryError, "the connection was lost; the next call opens another"),
    ("malformed", PermanentError, f"the file is damaged. {_RESCUE}"),
    ("not a database", PermanentError, f"the file is not an SQLite database, or it is damaged. {_RESCUE}"),
    ("unable to open", PermanentError, "check that the folder exists and that this user may read and write in it"),
    ("readonly", PermanentError, "this user must be able to write to the file and to its folder"),
    ("too big", PermanentError, "SQLite holds no more than 1 GB in one message or result"),
    ("no such", PermanentError, f"a table of Umbel's is missing in it. {_RESCUE}"),
)


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another process was in the way, so that trying again soon helps."""
    return isinstance(error, sqlite3.OperationalError) and "is locked" in str(error)


def translated(error: Exception, path: str) -> DriverError:
    """The error for the kernel: what, where, what to do."""
    text = str(error)
    for part, kind, advice in _KNOWN:
        if part in text:
            return kind(f"SQLite database {path}: {text}: {advice}")
    return PermanentError(f"SQLite database {path}: {type(error).__name__}: {text}")
