"""Broadcasts: a table that is a window onto the last minute, from which every listener reads on from where it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from threading import Lock

from umbel import clock
from umbel.contracts import Fanout, FanoutSubscription
from umbel.model import Message
from umbel_sqlite import peers
from umbel_sqlite.database import Database
from umbel_sqlite.envelope import head_of, message_of
from umbel_sqlite.peers import Peer
from umbel_sqlite.topics import matches

#: How many messages a listener fetches at once.
FETCHED_AT_ONCE = 500

_IS_HEARD = "SELECT 1 FROM listening WHERE topic = ? LIMIT 1"
_PUBLISH = "INSERT INTO fanout (exchange, routing_key, sent, head, body) VALUES (?, ?, ?, ?, ?)"
_NEWER = "SELECT seq, routing_key, head, body FROM fanout WHERE exchange = ? AND seq > ? ORDER BY seq LIMIT ?"
# As many old ones go as new ones come, and some more, so the window never grows and never takes long to move.
_FORGET = "DELETE FROM fanout WHERE seq IN (SELECT seq FROM fanout WHERE sent < ? ORDER BY seq LIMIT ?)"


def _topic(exchange: str) -> str:
    return f"fanout:{exchange}"


class SqliteFanout(Fanout):
    def __init__(self, database: Database) -> None:
        self._database = database

    def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        if not messages or not self._database.query(_IS_HEARD, (_topic(exchange),)):
            return  # Who listens later does not get it.
        now = clock.time()
        rows = [(exchange, one.routing_key, now, head_of(one), one.body) for one in messages]
        with self._database.writing() as connection:
            connection.executemany(_PUBLISH, rows)
            self._forget(connection, now, len(messages) + 10)
            targets = peers.listening(connection, [_topic(exchange)])
        peers.ring(self._database, targets)

    def subscribe(self, exchange: str, patterns: Sequence[str] = ("#",)) -> FanoutSubscription:
        return SqliteFanoutSubscription(self._database, exchange, patterns)

    def _forget(self, connection: sqlite3.Connection, now: float, most: int) -> None:
        # The oldest stand first: as long as the first one is young enough there is nothing to look for.
        oldest = connection.execute("SELECT sent FROM fanout ORDER BY seq LIMIT 1").fetchone()
        before = now - self._database.settings.fanout_window_s
        if oldest and oldest[0] < before:
            connection.execute(_FORGET, (before, most))


class SqliteFanoutSubscription(FanoutSubscription):
    def __init__(self, database: Database, exchange: str, patterns: Sequence[str]) -> None:
        self._database = database
        self._exchange = exchange
        self._patterns = tuple(patterns)
        self._topics = frozenset({_topic(exchange)})
        self._me = Peer(database)
        self._closed = False
        self._receiving = Lock()
        self._seen = self._last()
        self._openings = database.openings
        self._me.listen(self._topics)

    def receive(self, timeout_s: float) -> Sequence[Message]:
        deadline = clock.monotonic() + timeout_s
        with self._receiving:
            while not self._closed:
                self._me.listen(self._topics)
                if heard := self._hear():
                    return heard
                wait_s = deadline - clock.monotonic()
                if self._me.was_woken() or wait_s <= 0:
                    break
                self._me.wait(wait_s)
        return ()

    def wake(self) -> None:
        self._me.wake()

    def close(self) -> None:
        self._closed = True
        self.wake()
        with self._receiving:
            self._me.close()

    def _hear(self) -> list[Message]:
        if self._openings != self._database.openings:  # Another file may be there now, with numbers of its own.
            self._openings, self._seen = self._database.openings, min(self._seen, self._last())
        heard = []
        for seq, routing_key, head, body in self._database.query(_NEWER, (self._exchange, self._seen, FETCHED_AT_ONCE)):
            self._seen = seq
            if matches(self._patterns, routing_key):
                heard.append(message_of("", 0, None, head, body))
        return heard

    def _last(self) -> int:
        rows = self._database.query("SELECT seq FROM sqlite_sequence WHERE name = 'fanout'")
        return rows[0][0] if rows else 0
