"""Opens a database file: makes it, private, if it is new, and sets up the connection."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import suppress

from umbel.exceptions import PermanentError, TemporaryError
from umbel_sqlite import schema
from umbel_sqlite.patience import patiently
from umbel_sqlite.settings import SqliteSettings

#: The oldest one that the tests were run with; no later than that of the systems that people keep for ten years.
OLDEST_SQLITE = (3, 26, 0)
#: What may be better in a moment: no room, too many open files, a bad moment of the disk.
_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO}


def open_database(path: str, settings: SqliteSettings) -> sqlite3.Connection:
    """A connection in autocommit mode, on tables that are there. Blocks up to `busy_timeout_s` while others open it.

    Raises `sqlite3.Error`, `PermanentError` or `TemporaryError`.
    """
    _require_sqlite()
    _make_file(path)
    # check_same_thread: the callers hold a lock. timeout: see patience.py.
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        patiently(lambda: _set_up(connection, path, settings), settings.busy_timeout_s)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_sqlite() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise PermanentError(
            f"this Python is linked with SQLite {sqlite3.sqlite_version}, and umbel-sqlite needs {wanted} or later: "
            "use another Python, or another broker"
        )


def _make_file(path: str) -> None:
    """Only its owner may read what tasks are called with. SQLite gives the -wal and -shm files the same mode.

    It must not be opened for that: a file that is closed loses every lock that other connections of this process have
    on it (https://sqlite.org/howtocorrupt.html, section 2.2).
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with suppress(FileExistsError):
            os.mknod(path, 0o600)
    except (OSError, AttributeError) as error:
        # Where mknod is for root alone (macOS), or is not at all (Windows), SQLite makes the file as it sees fit.
        if isinstance(error, OSError) and error.errno != errno.EPERM:
            raise _cannot_make(path, error) from error


def _cannot_make(path: str, error: OSError) -> PermanentError | TemporaryError:
    what = f"SQLite database {path} cannot be opened: {error.strerror or error}"
    if error.errno in _PASSING:
        return TemporaryError(what)
    if isinstance(error, IsADirectoryError):
        return PermanentError(f"{what}; name a file inside it")
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return PermanentError(f"{what}; a part of the path is a file where a folder is needed")
    return PermanentError(f"{what}; the user who runs this process must be able to write to it and to its folder")


def _set_up(connection: sqlite3.Connection, path: str, settings: SqliteSettings) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise PermanentError(
            f"SQLite database {path}: its file system cannot share memory between processes (journal mode {mode}, "
            "wanted wal: https://sqlite.org/wal.html); put it on a local disk"
        )
    connection.execute(f"PRAGMA synchronous = {settings.synchronous}")
    # What is deleted need not be overwritten with zeros, as some builds of SQLite do by default: it costs a write more.
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # see checkpoint.py
    schema.ensure(connection, path)
