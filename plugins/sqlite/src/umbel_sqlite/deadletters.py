"""The messages that nobody could handle."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from umbel.model import DeadLetter
from umbel_sqlite import histories
from umbel_sqlite.arrays import array
from umbel_sqlite.database import Database
from umbel_sqlite.envelope import message_of
from umbel_sqlite.places import drop, place

_LETTERS = """
    SELECT dead.key, dead.queue, dead.rank, dead.reason, dead.died, dead.lost,
        message.expires, message.head, message.body, message.history
    FROM dead CROSS JOIN message ON message.id = dead.id
    WHERE dead.queue = ? ORDER BY dead.key LIMIT ?"""


#: A message that has just died: id, queue, rank, reason, losses.
Death = tuple[int, str, int, str, int]


def bury(connection: sqlite3.Connection, deaths: Sequence[Death], now: float, most: int) -> None:
    """Keep the messages, and no more than `most` of each queue."""
    histories.note(connection, [(id_, reason) for id_, _, _, reason, _ in deaths], now, histories.here())
    connection.executemany(
        "INSERT INTO dead (id, queue, rank, reason, lost, died) VALUES (?, ?, ?, ?, ?, ?)",
        [(*death, now) for death in deaths],
    )
    for queue in {queue for _, queue, *_ in deaths}:
        _prune(connection, queue, most)


def letters(database: Database, queue: str, limit: int) -> list[DeadLetter]:
    """The oldest first."""
    return [
        DeadLetter(str(key), message_of(queue, rank, *row), reason, died, lost, histories.told(history))
        for key, queue, rank, reason, died, lost, *row, history in database.query(_LETTERS, (queue, limit))
    ]


def revive(connection: sqlite3.Connection, keys: Sequence[str], now: float) -> tuple[int, set[str]]:
    """Put dead letters back; returns how many, and the queues in which somebody may have to look again."""
    rows = _remove(connection, keys)
    return len(rows), place(connection, [(id_, queue, rank, 0, None) for id_, queue, rank in rows], now)


def discard(connection: sqlite3.Connection, keys: Sequence[str]) -> int:
    """Delete dead letters; returns how many."""
    rows = _remove(connection, keys)
    drop(connection, [id_ for id_, _, _ in rows])
    return len(rows)


def _remove(connection: sqlite3.Connection, keys: Sequence[str]) -> list[tuple[int, str, int]]:
    numbers = array(int(key) for key in keys if key.isdecimal())
    which = "FROM dead WHERE key IN (SELECT value FROM json_each(?))"
    rows = connection.execute(f"SELECT id, queue, rank {which}", (numbers,)).fetchall()
    connection.execute(f"DELETE {which}", (numbers,))
    return rows


def _prune(connection: sqlite3.Connection, queue: str, most: int) -> None:
    too_many = connection.execute(
        "SELECT key FROM dead WHERE queue = ? ORDER BY key DESC LIMIT -1 OFFSET ?", (queue, most)
    ).fetchall()
    discard(connection, [str(key) for (key,) in too_many])
