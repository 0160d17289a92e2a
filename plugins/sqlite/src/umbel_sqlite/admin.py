"""The operator's view of the queues."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from umbel import clock
from umbel.contracts import QueueAdmin
from umbel.model import DeadLetter, Depth, Message
from umbel_sqlite import deadletters, peers, places
from umbel_sqlite.database import Database

#: How many messages are dropped in one transaction, so that nobody else waits long.
PURGED_AT_ONCE = 1000

_DEPTH = """
    SELECT
        (SELECT count(*) FROM ready WHERE queue = :queue),
        (SELECT count(*) FROM lease CROSS JOIN message ON message.id = lease.id WHERE message.queue = :queue),
        (SELECT count(*) FROM delayed WHERE queue = :queue AND due <= :now),
        (SELECT count(*) FROM delayed WHERE queue = :queue AND due > :now),
        (SELECT count(*) FROM dead WHERE queue = :queue),
        EXISTS (SELECT 1 FROM queue WHERE name = :queue AND paused)"""


class SqliteAdmin(QueueAdmin):
    def __init__(self, database: Database) -> None:
        self._database = database

    def queues(self) -> Sequence[str]:
        return [name for (name,) in self._database.query("SELECT name FROM queue ORDER BY name")]

    def depth(self, queue: str) -> Depth:
        ((ready, reserved, due, delayed, dead, paused),) = self._database.query(
            _DEPTH, {"queue": queue, "now": clock.time()}
        )
        return Depth(queue, ready + due, reserved, delayed, dead, bool(paused))

    def purge(self, queue: str) -> int:
        return self._purge("ready", "rank", queue) + self._purge("delayed", "due", queue)

    def dead(self, queue: str, limit: int = 100) -> Sequence[DeadLetter]:
        return deadletters.letters(self._database, queue, limit)

    def revive(self, keys: Sequence[str]) -> int:
        with self._database.writing() as connection:
            revived, queues = deadletters.revive(connection, keys, clock.time())
            targets = peers.listening(connection, map(peers.topic, queues))
        peers.ring(self._database, targets)
        return revived

    def discard(self, keys: Sequence[str]) -> int:
        with self._database.writing() as connection:
            return deadletters.discard(connection, keys)

    def bury(self, messages: Sequence[Message], reason: str) -> None:
        with self._database.writing() as connection:
            written = places.write(connection, messages)
            deaths = [(id_, one.queue, -one.priority, reason, 0) for id_, one in written]
            deadletters.bury(connection, deaths, clock.time(), self._database.settings.max_dead_letters)

    def pause(self, queue: str) -> None:
        with self._database.writing() as connection:
            _set_paused(connection, queue, True)

    def resume(self, queue: str) -> None:
        with self._database.writing() as connection:
            _set_paused(connection, queue, False)
            targets = peers.listening(connection, [peers.topic(queue)])
        peers.ring(self._database, targets)

    def _purge(self, place: str, order: str, queue: str) -> int:
        """`order` is the column by which the place is clustered within a queue."""
        purged = 0
        while True:
            with self._database.writing() as connection:
                rows = connection.execute(
                    f"SELECT {order}, id FROM {place} WHERE queue = ? ORDER BY {order}, id LIMIT ?",
                    (queue, PURGED_AT_ONCE),
                ).fetchall()
                if not rows:
                    return purged
                connection.execute(
                    f"DELETE FROM {place} WHERE queue = ? AND ({order}, id) <= (?, ?)", (queue, *rows[-1])
                )
                places.drop(connection, [id_ for _, id_ in rows])
            purged += len(rows)


def _set_paused(connection: sqlite3.Connection, queue: str, paused: bool) -> None:
    places.declare(connection, [queue])
    connection.execute("UPDATE queue SET paused = ? WHERE name = ?", (paused, queue))
