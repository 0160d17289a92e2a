"""How a message comes into the queues, and out of the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from umbel.model import Message
from umbel_sqlite.arrays import array
from umbel_sqlite.envelope import head_of

#: A message that is not in any place yet: id, queue, rank, losses, and when it is due (None: at once).
Place = tuple[int, str, int, int, "float | None"]


def publish(connection: sqlite3.Connection, messages: Sequence[Message], now: float) -> set[str]:
    """Put the messages into their queues; returns the queues in which somebody may have to look again."""
    return place(
        connection, [(id_, one.queue, -one.priority, 0, one.due) for id_, one in write(connection, messages)], now
    )


def write(connection: sqlite3.Connection, messages: Sequence[Message]) -> list[tuple[int, Message]]:
    """Give the messages ids and rows of their own, but no place yet."""
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()
    numbered = list(enumerate(messages, last + 1))
    declare(connection, {message.queue for message in messages})
    connection.executemany(
        "INSERT INTO message (id, queue, rank, expires, head, body) VALUES (?, ?, ?, ?, ?, ?)",
        [(id_, one.queue, -one.priority, one.expires, head_of(one), one.body) for id_, one in numbered],
    )
    return numbered


def place(connection: sqlite3.Connection, messages: Iterable[Place], now: float) -> set[str]:
    """Make messages ready, or delayed; returns the queues in which somebody may have to look again."""
    ready: list[tuple[str, int, int, int]] = []
    delayed: list[tuple[str, float, int, int, int]] = []
    for id_, queue, rank, lost, due in messages:
        if due is None or due <= now:
            ready.append((queue, rank, id_, lost))
        else:
            delayed.append((queue, due, id_, rank, lost))
    changed = {row[0] for row in ready}
    if ready:
        connection.executemany("INSERT INTO ready (queue, rank, id, lost) VALUES (?, ?, ?, ?)", ready)
    if delayed:
        connection.executemany("INSERT INTO delayed (queue, due, id, rank, lost) VALUES (?, ?, ?, ?, ?)", delayed)
        changed |= _sooner_than_before(connection, delayed)
    return changed


def declare(connection: sqlite3.Connection, queues: Iterable[str]) -> None:
    """Make the queues known to the operator."""
    connection.executemany("INSERT OR IGNORE INTO queue (name) VALUES (?)", [(queue,) for queue in queues])


def drop(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Delete messages that are in no place any more."""
    if ids:
        connection.execute("DELETE FROM message WHERE id IN (SELECT value FROM json_each(?))", (array(ids),))


def _sooner_than_before(
    connection: sqlite3.Connection, delayed: Iterable[tuple[str, float, int, int, int]]
) -> set[str]:
    """The queues whose next due time is one of these: who waits for them waits too long now."""
    soonest: dict[str, float] = {}
    for queue, due, *_ in delayed:
        soonest[queue] = min(due, soonest.get(queue, due))
    changed = set()
    for queue, due in soonest.items():
        (first,) = connection.execute("SELECT min(due) FROM delayed WHERE queue = ?", (queue,)).fetchone()
        if due <= first:
            changed.add(queue)
    return changed
