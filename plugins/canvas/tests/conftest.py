"""An app that sends nothing anywhere, with some tasks; and shared state in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from umbel import Umbel
from umbel.contracts import Backend, SharedState, Subscription
from umbel.model import Record


class LocalState(SharedState):
    """Dicts. Nothing is ever over."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.owners: dict[str, str] = {}
        self.tallies: dict[str, dict[str, bytes]] = {}

    def put(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        self.values[key] = value

    def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        return [self.values.get(key) for key in keys]

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.values.pop(key, None)
            self.owners.pop(key, None)
            self.tallies.pop(key, None)

    def claim(self, key: str, owner: str, ttl_s: float) -> bool:
        return self.owners.setdefault(key, owner) == owner

    def release(self, key: str, owner: str) -> bool:
        return self.owners.get(key) == owner and self.owners.pop(key) == owner

    def tally(self, key: str, member: str, value: bytes, ttl_s: float | None = None) -> int:
        members = self.tallies.setdefault(key, {})
        members.setdefault(member, value)
        return len(members)

    def tallied(self, key: str) -> dict[str, bytes]:
        return dict(self.tallies.get(key) or {})


class LocalBackend(Backend):
    """Records in a dict."""

    contract_version = 1
    features = frozenset({"shared_state"})

    def __init__(self, url: str = "local://", settings: Any = None) -> None:
        super().__init__(url, settings)
        self.records: dict[str, Record] = {}
        self.state = LocalState()

    def store(self, records: Sequence[Record]) -> None:
        self.records.update({record.task_id: record for record in records})

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        return [self.records.get(task_id) for task_id in task_ids]

    def forget(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            self.records.pop(task_id, None)

    def subscribe(self) -> Subscription:
        raise NotImplementedError

    def close(self) -> None: ...

    def shared(self) -> SharedState:
        return self.state


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Umbel]:
    made = Umbel("proj")
    made.set_current()
    made.resources.__dict__["backend"] = LocalBackend()
    yield made
    made.close()


@pytest.fixture
def tasks(app: Umbel) -> SimpleNamespace:
    @app.task(name="proj.add")
    def add(x: Any, y: Any = 0) -> Any:
        return x + y

    @app.task(name="proj.total")
    def total(numbers: Any) -> Any:
        return sum(numbers)

    @app.task(name="proj.fail")
    def fail(*args: Any) -> Any:
        raise ValueError("no")

    return SimpleNamespace(add=add, total=total, fail=fail)
