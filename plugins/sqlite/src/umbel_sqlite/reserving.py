"""Handing messages out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from umbel.model import Delivery
from umbel_sqlite import leases
from umbel_sqlite.arrays import array
from umbel_sqlite.database import Database
from umbel_sqlite.envelope import message_of
from umbel_sqlite.leases import Tag
from umbel_sqlite.places import drop

#: How many delayed messages of a queue become ready in one step: if a hundred thousand are due at once, nobody waits
#: for all of them.
PROMOTED_AT_ONCE = 1000

_LOOK = """
    SELECT asked.value,
        EXISTS (SELECT 1 FROM ready WHERE ready.queue = asked.value),
        (SELECT min(due) FROM delayed WHERE delayed.queue = asked.value)
    FROM json_each(?) AS asked
    WHERE NOT EXISTS (SELECT 1 FROM queue WHERE queue.name = asked.value AND queue.paused)"""
# CROSS JOIN keeps SQLite from any other order: https://sqlite.org/optoverview.html#crossjoin
_TAKE = """
    SELECT ready.rank, ready.id, ready.lost, message.expires, message.head, message.body
    FROM ready CROSS JOIN message ON message.id = ready.id
    WHERE ready.queue = ? ORDER BY ready.rank, ready.id LIMIT ?"""
_DUE = "SELECT due, id FROM delayed WHERE queue = ? AND due <= ? ORDER BY due, id LIMIT 1 OFFSET ?"


class Outlook(NamedTuple):
    """What a reserve may expect."""

    #: The queues that have something to hand out now, in the order in which they were asked for.
    queues: list[str]
    #: When the next delayed message is due; infinity if none is there.
    next_due: float


def look(database: Database, queues: Sequence[str], now: float) -> Outlook:
    """Reads only, so it disturbs no one who writes."""
    found, next_due = [], float("inf")
    for queue, is_ready, due in database.query(_LOOK, (array(queues),)):
        if is_ready or (due is not None and due <= now):
            found.append(queue)
        elif due is not None:
            next_due = min(next_due, due)
    return Outlook(found, next_due)


def take(
    connection: sqlite3.Connection,
    queues: Sequence[str],
    limit: int,
    tags: Iterator[tuple[int, int]],
    now: float,
    until: float,
) -> list[Delivery]:
    """Up to `limit` messages, leased; `tags` gives an owner and a fresh number for each."""
    for queue in queues:
        _promote(connection, queue, now)
    taken: list[Delivery] = []
    # Each queue gets its share of what is left of the limit; what the later ones left over the first ones get.
    for position, queue in enumerate(queues):
        share = -(-(limit - len(taken)) // (len(queues) - position))
        taken += _take(connection, queue, share, tags, now)
    if len(queues) > 1:
        for queue in queues:
            taken += _take(connection, queue, limit - len(taken), tags, now)
    leases.lend(connection, [(delivery.tag, delivery.lost) for delivery in taken], until)
    return taken


def _take(
    connection: sqlite3.Connection, queue: str, limit: int, tags: Iterator[tuple[int, int]], now: float
) -> list[Delivery]:
    taken: list[Delivery] = []
    if limit <= 0:
        return taken
    rows = connection.execute(_TAKE, (queue, limit)).fetchall()
    if not rows:
        return taken
    expired = []
    for rank, id_, lost, expires, head, body in rows:
        if expires is not None and expires <= now:
            expired.append(id_)
        else:
            owner, number = next(tags)
            taken.append(Delivery(message_of(queue, rank, expires, head, body), Tag(owner, number, id_), lost))
    last_rank, last_id = rows[-1][:2]
    connection.execute("DELETE FROM ready WHERE queue = ? AND (rank, id) <= (?, ?)", (queue, last_rank, last_id))
    drop(connection, expired)
    return taken


def _promote(connection: sqlite3.Connection, queue: str, now: float) -> None:
    """Make ready what is due."""
    first = connection.execute(_DUE, (queue, now, 0)).fetchone()
    if first is None:
        return
    last = connection.execute(_DUE, (queue, now, PROMOTED_AT_ONCE - 1)).fetchone() or (now, 2**63 - 1)
    due = "FROM delayed WHERE queue = ? AND (due, id) <= (?, ?)"
    connection.execute(f"INSERT INTO ready (queue, rank, id, lost) SELECT queue, rank, id, lost {due}", (queue, *last))
    connection.execute(f"DELETE {due}", (queue, *last))
