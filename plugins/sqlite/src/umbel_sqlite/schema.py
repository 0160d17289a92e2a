"""The tables. A message is in exactly one of four places: ready, delayed, lease or dead.

Its own row in `message` is written once, when it is published, and deleted once, when it is settled (and written again
if its worker dies, with a longer history); between the places only a few numbers move, however large the body. Each
place is clustered by the order in which it is read, so the cost of a step does not depend on how many others wait.
"""

from __future__ import annotations

import sqlite3

from umbel.exceptions import PermanentError

#: "Umbl", in the file's header (https://sqlite.org/pragma.html#pragma_application_id).
APPLICATION_ID = 0x556D626C
VERSION = 2

TABLES = (
    # rank is the priority, negated: ascending order is the order of delivery everywhere. Times are epoch seconds.
    """CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        rank INTEGER NOT NULL,
        expires REAL,
        head TEXT NOT NULL,
        body BLOB NOT NULL,
        history TEXT)""",
    """CREATE TABLE ready (
        queue TEXT NOT NULL, rank INTEGER NOT NULL, id INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (queue, rank, id)) WITHOUT ROWID""",
    """CREATE TABLE delayed (
        queue TEXT NOT NULL, due REAL NOT NULL, id INTEGER NOT NULL, rank INTEGER NOT NULL,
        lost INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (queue, due, id)) WITHOUT ROWID""",
    # number is the owner's own count of what it was handed, so (owner, number) names one hand-out for ever. lost is how
    # often the message was lost before this lease.
    """CREATE TABLE lease (
        owner INTEGER NOT NULL, number INTEGER NOT NULL, id INTEGER NOT NULL, until REAL NOT NULL,
        lost INTEGER NOT NULL, begun INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (owner, number)) WITHOUT ROWID""",
    """CREATE TABLE dead (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL, id INTEGER NOT NULL, rank INTEGER NOT NULL,
        reason TEXT NOT NULL, died REAL NOT NULL, lost INTEGER NOT NULL)""",
    "CREATE INDEX dead_by_queue ON dead (queue, key)",
    "CREATE TABLE queue (name TEXT PRIMARY KEY, paused INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    # Who may be waiting, where to ring, and for what.
    """CREATE TABLE peer (
        id INTEGER PRIMARY KEY AUTOINCREMENT, socket TEXT, seen REAL NOT NULL, name TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE listening (
        topic TEXT NOT NULL, peer INTEGER NOT NULL, PRIMARY KEY (topic, peer)) WITHOUT ROWID""",
    """CREATE TABLE fanout (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        exchange TEXT NOT NULL, routing_key TEXT NOT NULL, sent REAL NOT NULL,
        head TEXT NOT NULL, body BLOB NOT NULL)""",
    "CREATE INDEX fanout_by_exchange ON fanout (exchange, seq)",
    # seq grows with every change: a listener asks for what is newer than the last that it saw.
    """CREATE TABLE result (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        task_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, expires REAL, payload BLOB NOT NULL)""",
    "CREATE INDEX result_by_expiry ON result (expires) WHERE expires IS NOT NULL",
    "CREATE TABLE fact (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL)",
    "CREATE TABLE claim (key TEXT PRIMARY KEY, owner TEXT NOT NULL, expires REAL NOT NULL)",
    "CREATE TABLE tally (key TEXT PRIMARY KEY, members INTEGER NOT NULL, expires REAL)",
    "CREATE INDEX fact_by_expiry ON fact (expires) WHERE expires IS NOT NULL",
    "CREATE INDEX claim_by_expiry ON claim (expires)",
    "CREATE INDEX tally_by_expiry ON tally (expires) WHERE expires IS NOT NULL",
    """CREATE TABLE tally_member (
        key TEXT NOT NULL, member TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key, member)) WITHOUT ROWID""",
)
#: What makes tables of the version before into these.
UPGRADE = (
    "ALTER TABLE message ADD COLUMN history TEXT",
    "ALTER TABLE lease ADD COLUMN begun INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE peer ADD COLUMN name TEXT NOT NULL DEFAULT ''",
)


def ensure(connection: sqlite3.Connection, path: str) -> None:
    """Make the tables if the file is new. Raises `PermanentError` if it is someone else's, or of a later version."""
    if _stamp(connection) == (APPLICATION_ID, VERSION):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _create(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _create(connection: sqlite3.Connection, path: str) -> None:
    application, version = _stamp(connection)
    if (application, version) == (APPLICATION_ID, VERSION):  # Another process was faster.
        return
    is_older = (application, version) == (APPLICATION_ID, VERSION - 1)
    if not is_older:
        _require_new(connection, path, application, version)
    for statement in UPGRADE if is_older else TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _require_new(connection: sqlite3.Connection, path: str, application: int, version: int) -> None:
    if application == APPLICATION_ID:
        raise PermanentError(
            f"SQLite database {path}: it has version {version} of Umbel's tables, and this umbel-sqlite knows version "
            f"{VERSION}: pip install --upgrade umbel-sqlite, or name another database"
        )
    if application or version or connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise PermanentError(
            f"SQLite database {path}: it belongs to another program (it has tables, and none are Umbel's): name a file "
            "of its own for Umbel"
        )


def _stamp(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version
