"""The result backend: the records in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from weakref import WeakSet

from umbel import clock
from umbel.contracts import Backend, SharedState, Subscription
from umbel.model import Record
from umbel.states import READY_STATES
from umbel_sqlite import expiry, peers
from umbel_sqlite import records as records_table
from umbel_sqlite.database import Database
from umbel_sqlite.location import database_path
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.shared_state import SqliteSharedState
from umbel_sqlite.subscription import TOPIC, SqliteSubscription


class SqliteBackend(Backend):
    """Each method is one transaction at most."""

    contract_version = 1
    features: ClassVar[frozenset[str]] = frozenset({"across_processes", "durable", "expires", "push", "shared_state"})
    settings_class = SqliteSettings

    def __init__(self, url: str, settings: SqliteSettings | None = None) -> None:
        super().__init__(url, settings or SqliteSettings())
        self.settings: SqliteSettings
        self._database = Database(database_path(url), self.settings)
        self._subscriptions: WeakSet[SqliteSubscription] = WeakSet()
        self._expire_at = 0.0

    def store(self, records: Sequence[Record]) -> None:
        if not records:
            return
        now = clock.time()
        with self._database.writing() as connection:
            records_table.store(connection, records, now)
            if now >= self._expire_at:
                expiry.expire(connection, now)
                self._expire_at = now + expiry.EVERY_S
            news = any(one.state in READY_STATES for one in records)
            targets = peers.listening(connection, [TOPIC]) if news else ()
        peers.ring(self._database, targets)

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        found = records_table.fetch(self._database, task_ids, clock.time())
        return [found.get(task_id) for task_id in task_ids]

    def forget(self, task_ids: Sequence[str]) -> None:
        if task_ids:
            with self._database.writing() as connection:
                records_table.forget(connection, task_ids)

    def subscribe(self) -> Subscription:
        subscription = SqliteSubscription(self._database)
        self._subscriptions.add(subscription)
        return subscription

    def cleanup(self) -> int:
        dropped = 0
        while True:
            with self._database.writing() as connection:
                step = expiry.expire(connection, clock.time())
            dropped += step.records
            if not step.more:
                return dropped

    def close(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.close()
        self._database.close()

    def shared(self) -> SharedState:
        return SqliteSharedState(self._database)
