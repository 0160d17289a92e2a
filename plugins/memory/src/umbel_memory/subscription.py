"""Hearing of results: the store's own condition says when to look."""

from __future__ import annotations

from collections.abc import Sequence

from umbel import clock
from umbel.contracts import Subscription
from umbel.model import Record
from umbel.states import READY_STATES
from umbel_memory.store import MemoryStore


class MemorySubscription(Subscription):
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._awaited: set[str] = set()
        self._woken = False

    def add(self, task_ids: Sequence[str]) -> None:
        with self._store.changed:
            self._awaited.update(task_ids)
            self._store.changed.notify_all()

    def discard(self, task_ids: Sequence[str]) -> None:
        with self._store.changed:
            self._awaited.difference_update(task_ids)

    def receive(self, timeout_s: float) -> Sequence[Record]:
        deadline = clock.monotonic() + timeout_s
        with self._store.changed:
            while True:
                ready = self._ready()
                left = deadline - clock.monotonic()
                if ready or self._woken or left <= 0:
                    self._woken = False
                    self._awaited.difference_update(record.task_id for record in ready)
                    return ready
                clock.wait(self._store.changed, left)

    def _ready(self) -> list[Record]:
        records = map(self._store.records.get, self._awaited)
        return [record for record in records if record and record.state in READY_STATES]

    def wake(self) -> None:
        with self._store.changed:
            self._woken = True
            self._store.changed.notify_all()

    def close(self) -> None:
        self._awaited.clear()
