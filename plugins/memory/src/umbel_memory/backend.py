"""The result backend `memory://name`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from umbel.contracts import Backend, SharedState, Subscription
from umbel.model import Record
from umbel.states import SUCCESS
from umbel_memory.names import Names
from umbel_memory.shared import MemorySharedState
from umbel_memory.store import MemoryStore
from umbel_memory.subscription import MemorySubscription

#: The stores of this process.
stores = Names(MemoryStore)


class MemoryBackend(Backend):
    """A connection to the store of that name."""

    contract_version = 1
    features = frozenset({"expires", "push", "shared_state"})

    def __init__(self, url: str, settings: Any = None) -> None:
        super().__init__(url, settings)
        self._store = stores.at(url)

    def store(self, records: Sequence[Record]) -> None:
        with self._store.changed:
            for record in records:
                before = self._store.records.get(record.task_id)
                if before is None or before.state != SUCCESS or record.state == SUCCESS:
                    self._store.records.put(record.task_id, evolve(record), record.ttl_s)
            self._store.changed.notify_all()

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        with self._store.changed:
            return [self._store.records.get(task_id) for task_id in task_ids]

    def forget(self, task_ids: Sequence[str]) -> None:
        with self._store.changed:
            for task_id in task_ids:
                self._store.records.pop(task_id)

    def subscribe(self) -> Subscription:
        return MemorySubscription(self._store)

    def cleanup(self) -> int:
        with self._store.changed:
            return self._store.records.sweep()

    def close(self) -> None:
        """Nothing to give up."""

    def shared(self) -> SharedState:
        return MemorySharedState(self._store)
