"""The messages that nobody could handle."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from umbel.model import DeadLetter, Settlement
from umbel_sqlite.database import Database
from umbel_sqlite.envelope import message_of
from umbel_sqlite.places import array, drop, place

_LETTERS = """
    SELECT dead.key, dead.queue, dead.rank, dead.reason, dead.died, dead.lost,
        message.expires, message.head, message.body
    FROM dead CROSS JOIN message ON message.id = dead.id
    WHERE dead.queue = ? ORDER BY dead.key LIMIT ?"""


def bury(connection: sqlite3.Connection, settlements: Iterable[Settlement], now: float, most: int) -> None:
    """Keep the messages of these settlements, and no more than `most` of each queue."""
    queues = set()
    for settlement in settlements:
        id_ = settlement.delivery.tag.id
        queue, rank = connection.execute("SELECT queue, rank FROM message WHERE id = ?", (id_,)).fetchone()
        connection.execute(
            "INSERT INTO dead (queue, id, rank, reason, died, lost) VALUES (?, ?, ?, ?, ?, ?)",
            (queue, id_, rank, settlement.reason, now, settlement.delivery.lost),
        )
        queues.add(queue)
    for queue in queues:
        _prune(connection, queue, most)


def letters(database: Database, queue: str, limit: int) -> list[DeadLetter]:
    """The oldest first."""
    return [
        DeadLetter(str(key), message_of(queue, rank, expires, head, body), reason, died, lost)
        for key, queue, rank, reason, died, lost, expires, head, body in database.query(_LETTERS, (queue, limit))
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
    numbers = {int(key) for key in keys if key.isdecimal()}
    return connection.execute(
        "DELETE FROM dead WHERE key IN (SELECT value FROM json_each(?)) RETURNING id, queue, rank", (array(numbers),)
    ).fetchall()


def _prune(connection: sqlite3.Connection, queue: str, most: int) -> None:
    too_many = connection.execute(
        "SELECT key FROM dead WHERE queue = ? ORDER BY key DESC LIMIT -1 OFFSET ?", (queue, most)
    ).fetchall()
    discard(connection, [str(key) for (key,) in too_many])
