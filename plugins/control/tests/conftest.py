"""Workers, clients and a broker in this process, with the kernel and nothing else installed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from umbel import Umbel
from umbel.app import current
from umbel.contracts import Backend, Fanout, FanoutSubscription, SharedState, Subscription
from umbel.model import Message, Record
from umbel_conformance.worker import BareTransport, RecordingWorker
from umbel_control.node import ControlNode
from umbel_control.revocation import Revocation


class LocalFanout(Fanout, FanoutSubscription):
    """Everybody who listens to an exchange here; patterns are `#`, or keys that must be equal."""

    listening: list[LocalFanout]

    def __init__(self, listening: list[LocalFanout], exchange: str = "", patterns: Sequence[str] = ()) -> None:
        self.listening, self._exchange, self._patterns = listening, exchange, patterns
        self._heard: SimpleQueue[Message | None] = SimpleQueue()

    def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        for message in messages:
            for each in list(self.listening):
                if each._exchange == exchange and {"#", message.routing_key}.intersection(each._patterns):
                    each._heard.put(message)

    def subscribe(self, exchange: str, patterns: Sequence[str] = ("#",)) -> FanoutSubscription:
        subscription = LocalFanout(self.listening, exchange, patterns)
        self.listening.append(subscription)
        return subscription

    def receive(self, timeout_s: float) -> Sequence[Message]:
        try:
            message = self._heard.get(timeout=timeout_s)
        except Empty:
            return ()
        return () if message is None else (message,)

    def wake(self) -> None:
        self._heard.put(None)

    def close(self) -> None:
        if self in self.listening:
            self.listening.remove(self)


class CastingTransport(BareTransport):
    contract_version = 1
    features = frozenset({"fanout"})
    listening: list[LocalFanout]

    def fanout(self) -> Fanout:
        return LocalFanout(self.listening)


class LocalShared(SharedState):
    """What the tests need of shared state; nothing expires."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.members: dict[str, dict[str, bytes]] = {}
        self.errors: list[Exception] = []

    def put(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        self.values[key] = value

    def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        if self.errors:
            raise self.errors.pop(0)
        return [self.values.get(key) for key in keys]

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.values.pop(key, None)

    def claim(self, key: str, owner: str, ttl_s: float) -> bool:
        raise NotImplementedError

    def release(self, key: str, owner: str) -> bool:
        raise NotImplementedError

    def tally(self, key: str, member: str, value: bytes, ttl_s: float | None = None) -> int:
        if self.errors:
            raise self.errors.pop(0)
        members = self.members.setdefault(key, {})
        members.setdefault(member, value)
        return len(members)

    def tallied(self, key: str) -> dict[str, bytes]:
        return dict(self.members.get(key, {}))


class SharingBackend(Backend):
    """Records in a dict, and shared state."""

    contract_version = 1
    features = frozenset({"shared_state"})
    state: LocalShared
    records: dict[str, Record]

    def store(self, records: Sequence[Record]) -> None:
        self.records |= {record.task_id: record for record in records}

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        return [self.records.get(task_id) for task_id in task_ids]

    def forget(self, task_ids: Sequence[str]) -> None: ...

    def subscribe(self) -> Subscription:
        raise NotImplementedError

    def close(self) -> None: ...

    def shared(self) -> SharedState:
        return self.state


@pytest.fixture
def transport() -> CastingTransport:
    """One broker for each test."""
    CastingTransport.listening = []
    return CastingTransport("casting://")


@pytest.fixture
def backend() -> SharingBackend:
    SharingBackend.state, SharingBackend.records = LocalShared(), {}
    return SharingBackend("sharing://")


@pytest.fixture
def app(transport: CastingTransport, backend: SharingBackend) -> Iterator[Umbel]:
    app = Umbel("proj", set_as_current=False, broker="casting://", backend="sharing://")
    app.catalogue.register("transport", "casting", CastingTransport)
    app.catalogue.register("backend", "sharing", SharingBackend)

    @app.task(name="proj.add", rate_limit="5/s")
    def add(x: int, y: int) -> int:
        return x + y

    yield app
    app.close()
    current.set_current(None)
    current.set_default(None)


@pytest.fixture
def worker(app: Umbel, transport: CastingTransport) -> RecordingWorker:
    """A worker that has no backend."""
    return RecordingWorker(app=app, transport=transport, settings=app.conf)


@pytest.fixture
def listen(transport: CastingTransport) -> Iterator[Callable[[RecordingWorker], ControlNode]]:
    """Has a node of the worker hear commands, on a thread, until the test ends; with the step that revokes."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def listen(worker: RecordingWorker) -> ControlNode:
        step = Revocation()
        step.start(worker)
        worker.commands |= step.commands()
        node = ControlNode()
        node.start(worker)
        subscription = transport.fanout().subscribe(node.exchange)

        def hear() -> None:
            while not over.is_set():
                node.hear(subscription.receive(0.05))

        threads.append(threading.Thread(target=hear, daemon=True))
        threads[-1].start()
        return node

    yield listen
    over.set()
    for thread in threads:
        thread.join(10)


def answer_of(answers: Any) -> Any:
    """The answer of the only node."""
    ((_, answer),) = [item for each in answers for item in each.items()]
    return answer
