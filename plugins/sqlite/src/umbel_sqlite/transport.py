"""The transport: queues in one file, for every process of a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from threading import Lock
from typing import ClassVar

from umbel import clock
from umbel.contracts import Fanout, QueueAdmin, Transport
from umbel.model import Delivery, Message, Settlement
from umbel_sqlite import leases, peers, places, reserving, settling
from umbel_sqlite.admin import SqliteAdmin
from umbel_sqlite.database import Database
from umbel_sqlite.fanout import SqliteFanout
from umbel_sqlite.location import database_path
from umbel_sqlite.peers import Peer
from umbel_sqlite.reclaiming import Reclaimer
from umbel_sqlite.settings import SqliteSettings


class SqliteTransport(Transport):
    """Each method is one transaction at most: it has happened, or it has not, whenever the process dies."""

    contract_version = 1
    features: ClassVar[frozenset[str]] = frozenset(
        {
            "across_processes",
            "dead_letters",
            "delayed",
            "durable",
            "expires",
            "fanout",
            "history",
            "lease",
            "losses",
            "ordered",
            "pause",
            "priority",
            "transactional",
        }
    )
    settings_class = SqliteSettings

    def __init__(self, url: str, settings: SqliteSettings | None = None) -> None:
        super().__init__(url, settings or SqliteSettings())
        self.settings: SqliteSettings
        self.lease_s = self.settings.lease_s
        self._database = Database(database_path(url), self.settings)
        self._me = Peer(self._database)
        self._reclaimer = Reclaimer(self._database)
        self._numbers = count(1)
        self._turn = 0
        self._closed = False
        self._reserving = Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        with self._database.writing() as connection:
            queues = places.publish(connection, messages, clock.time())
            targets = peers.listening(connection, map(peers.topic, queues))
        peers.ring(self._database, targets)

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        deadline = clock.monotonic() + timeout_s
        queues = list(dict.fromkeys(queues))
        topics = frozenset(map(peers.topic, queues))
        with self._reserving:
            while not self._closed:
                self._me.listen(topics)
                wait_s = self._reclaimer.reclaim(self._me.id)
                outlook = reserving.look(self._database, queues, clock.time())
                if outlook.queues:
                    if taken := self._take(queues, outlook, limit):
                        return taken
                    continue  # Another process was faster, or all had expired.
                wait_s = min(wait_s, outlook.next_due - clock.time(), deadline - clock.monotonic())
                if self._me.was_woken() or deadline <= clock.monotonic():
                    break
                self._me.wait(wait_s)
        return ()

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        if not settlements:
            return ()
        with self._database.writing() as connection:
            refused, queues = settling.settle(connection, settlements, clock.time(), self.settings.max_dead_letters)
            targets = peers.listening(connection, map(peers.topic, queues))
        peers.ring(self._database, targets)
        return refused

    def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        if not deliveries:
            return ()
        with self._database.writing() as connection:
            until = clock.time() + self.lease_s
            return leases.renew(connection, deliveries, until)

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            with self._database.writing() as connection:
                leases.begin(connection, deliveries)

    def wake(self) -> None:
        self._me.wake()

    def close(self) -> None:
        self._closed = True
        self.wake()
        with self._reserving:
            self._me.close()
            self._database.close()

    def admin(self) -> QueueAdmin:
        return SqliteAdmin(self._database)

    def fanout(self) -> Fanout:
        return SqliteFanout(self._database)

    def _take(self, queues: list[str], outlook: reserving.Outlook, limit: int) -> list[Delivery]:
        start, self._turn = self._turn % len(queues), self._turn + 1
        in_turn = [queue for queue in queues[start:] + queues[:start] if queue in outlook.queues]
        with self._database.writing() as connection:
            now = clock.time()
            return reserving.take(connection, in_turn, limit, self._tags(), now, now + self.lease_s)

    def _tags(self) -> Iterator[tuple[int, int]]:
        owner = self._me.id
        return ((owner, number) for number in self._numbers)
