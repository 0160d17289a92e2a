"""The smallest backend: no features at all. It cannot push, so its subscriptions ask again and again."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from umbel import clock
from umbel.contracts import Backend, Subscription
from umbel.model import Record
from umbel.states import READY_STATES, SUCCESS


class BareBackend(Backend):
    contract_version = 1

    def __init__(self, url: str, records: dict[str, Record]) -> None:
        super().__init__(url)
        self._records = records

    def store(self, records: Sequence[Record]) -> None:
        for record in records:
            before = self._records.get(record.task_id)
            if before is None or before.state != SUCCESS:
                self._records[record.task_id] = record

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        return [self._records.get(task_id) for task_id in task_ids]

    def forget(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            self._records.pop(task_id, None)

    def subscribe(self) -> Subscription:
        return AskingSubscription(self)

    def close(self) -> None: ...


class AskingSubscription(Subscription):
    def __init__(self, backend: BareBackend) -> None:
        self._backend = backend
        self._ids: set[str] = set()
        self._woken = threading.Event()

    def add(self, task_ids: Sequence[str]) -> None:
        self._ids.update(task_ids)

    def discard(self, task_ids: Sequence[str]) -> None:
        self._ids.difference_update(task_ids)

    def receive(self, timeout_s: float) -> Sequence[Record]:
        deadline = clock.monotonic() + timeout_s
        while True:
            ready = [one for one in self._backend.fetch(list(self._ids)) if one and one.state in READY_STATES]
            if ready or self._woken.wait(0.002) or clock.monotonic() >= deadline:
                self._woken.clear()
                self._ids.difference_update(one.task_id for one in ready)
                return ready

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._ids.clear()
