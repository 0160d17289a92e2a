"""Who may be waiting, and for what: this process makes itself known, and rings at others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress

from umbel import clock
from umbel.exceptions import DriverError
from umbel_sqlite import bell, histories, leases
from umbel_sqlite.database import Database
from umbel_sqlite.mailbox import Mailbox

#: Seconds between two signs of life of one that waits.
SIGN_OF_LIFE_S = 30.0
#: Seconds of silence after which one that nobody can prove dead is forgotten.
FORGET_AFTER_S = 600.0

Target = tuple[int, str]


def topic(queue: str) -> str:
    """What a worker of that queue listens for."""
    return f"queue:{queue}"


class Peer:
    """One who waits: a row in the table `peer`, and a mailbox. One thread calls it; anyone may `wake`."""

    def __init__(self, database: Database) -> None:
        #: Names this peer in the database; 0 before the first `listen`.
        self.id = 0
        self._database = database
        self._mailbox = Mailbox(database.path)
        self._topics: frozenset[str] = frozenset()
        self._known_as: tuple[str | None, int] = (None, 0)
        self._sign_at = 0.0

    def listen(self, topics: frozenset[str]) -> None:
        """Be rung at for these topics, from now on, and for no others."""
        path = self._mailbox.open()
        if (
            self.id
            and topics == self._topics
            and self._known_as == (path, self._database.openings)
            and clock.monotonic() < self._sign_at
        ):
            return
        with self._database.writing() as connection:
            if path != self._known_as[0] or not _give_sign(connection, self.id):
                self.id = _introduce(connection, path)
            _set_topics(connection, self.id, topics)
            _forget_the_silent(connection)
        self._topics, self._known_as = topics, (path, self._database.openings)
        self._sign_at = clock.monotonic() + SIGN_OF_LIFE_S

    def wait(self, timeout_s: float) -> None:
        """Blocks until someone has rung, for at most `timeout_s` seconds and what the setting `poll_s` allows."""
        self._mailbox.wait(min(timeout_s, self._database.settings.poll_s))

    def wake(self) -> None:
        """End the wait that is under way, or the next one, and have `was_woken` say so. Never blocks."""
        self._mailbox.wake()

    def nudge(self) -> None:
        """End the wait that is under way. Never blocks."""
        self._mailbox.nudge()

    def was_woken(self) -> bool:
        """Whether `wake` was called since this was last asked."""
        return self._mailbox.was_woken()

    def close(self) -> None:
        """Be known no longer, and put back what is leased, if that can be done; nobody may be waiting."""
        if self.id:
            with suppress(DriverError):  # The lease ends by itself, and others find the socket dead.
                bury(self._database, [(self.id, "")])
        self.id = 0
        self._mailbox.close()


def listening(connection: sqlite3.Connection, topics: Iterable[str]) -> list[Target]:
    """Who has to be rung at for these topics. Ask inside the transaction, `ring` after it."""
    targets: list[Target] = []
    for one in topics:
        targets += connection.execute(
            "SELECT peer.id, peer.socket FROM listening CROSS JOIN peer ON peer.id = listening.peer "
            "WHERE listening.topic = ? AND peer.socket IS NOT NULL",
            (one,),
        )
    return targets


def ring(database: Database, targets: Iterable[Target]) -> None:
    """Ring at each. Who turns out to be dead is buried, and what it held goes to those who live."""
    dead = [target for target in dict.fromkeys(targets) if bell.ring(target[1]) is bell.Ring.DEAD]
    if dead:
        bury(database, dead)


def bury(database: Database, dead: Iterable[Target]) -> None:
    """Forget the dead, put back what they held, and wake those who may take it."""
    topics: set[str] = set()
    with database.writing() as connection:
        for peer, _ in dead:
            topics |= _bury(connection, peer)
        targets = listening(connection, topics)
    for _, path in dead:
        bell.remove(path)
    ring(database, targets)


def _introduce(connection: sqlite3.Connection, path: str | None) -> int:
    row = connection.execute(
        "INSERT INTO peer (socket, seen, name) VALUES (?, ?, ?)", (path, clock.time(), histories.here())
    )
    return row.lastrowid or 0


def _give_sign(connection: sqlite3.Connection, peer: int) -> bool:
    return connection.execute("UPDATE peer SET seen = ? WHERE id = ?", (clock.time(), peer)).rowcount > 0


def _set_topics(connection: sqlite3.Connection, peer: int, topics: Iterable[str]) -> None:
    connection.execute("DELETE FROM listening WHERE peer = ?", (peer,))
    connection.executemany("INSERT INTO listening (topic, peer) VALUES (?, ?)", [(one, peer) for one in topics])


def _forget_the_silent(connection: sqlite3.Connection) -> None:
    silent = connection.execute(
        "SELECT id FROM peer WHERE seen < ? AND NOT EXISTS (SELECT 1 FROM lease WHERE owner = peer.id)",
        (clock.time() - FORGET_AFTER_S,),
    ).fetchall()
    for (peer,) in silent:
        _bury(connection, peer)


def _bury(connection: sqlite3.Connection, peer: int) -> set[str]:
    queues = leases.give_back(connection, peer, clock.time())
    connection.execute("DELETE FROM listening WHERE peer = ?", (peer,))
    connection.execute("DELETE FROM peer WHERE id = ?", (peer,))
    return {topic(queue) for queue in queues}
