"""An app on small in-process drivers of the tests' own: the kernel is tested without any plugin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from umbel import Umbel, clock, states
from umbel.app import current
from umbel.contracts import Backend, QueueAdmin, Subscription, Transport
from umbel.model import Action, DeadLetter, Delivery, Depth, Message, Record, Settlement
from umbel.worker import Worker


class LocalTransport(Transport):
    """Lists in this process; `delayed`, `dead_letters`."""

    contract_version = 1
    features = frozenset({"delayed", "dead_letters"})

    def __init__(self, url: str, settings: Any = None) -> None:
        super().__init__(url, settings)
        self.changed = threading.Condition()
        self.waiting: list[Message] = []
        self.buried: list[DeadLetter] = []
        self.leased: set[int] = set()
        self.settled: list[Settlement] = []
        #: How often whatever is handed out is said to have come back before, and what of it was said to begin.
        self.lost = 0
        self.begun_so_far: list[Delivery] = []
        self.error_of_begun: Exception | None = None
        self.errors: list[Exception] = []
        self.closed = False
        self._woken = False

    def publish(self, messages: Sequence[Message]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        with self.changed:
            self.waiting.extend(messages)
            self.changed.notify_all()

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        with self.changed:
            taken = self._take(queues, limit)
            if not taken and not self._woken:
                dues = [m.due - clock.time() for m in self.waiting if m.due is not None]
                clock.wait(self.changed, max(0.0, min([timeout_s, *dues])))
                taken = self._take(queues, limit)
            self._woken = False
            self.leased.update(id(delivery) for delivery in taken)
            return taken

    def _take(self, queues: Sequence[str], limit: int) -> list[Delivery]:
        now = clock.time()
        due = [m for m in self.waiting if m.queue in queues and (m.due is None or m.due <= now)][:limit]
        self.waiting = [m for m in self.waiting if not any(m is taken for taken in due)]
        return [Delivery(message, None, self.lost) for message in due]

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        refused = []
        with self.changed:
            for settlement in settlements:
                if id(settlement.delivery) not in self.leased:
                    refused.append(settlement)
                    continue
                self.leased.discard(id(settlement.delivery))
                self.settled.append(settlement)
                message = settlement.delivery.message
                if settlement.action is Action.REQUEUE:
                    message.due = settlement.due
                    self.waiting.append(message)
                elif settlement.action is Action.DEAD:
                    self._bury(message, settlement.reason)
            self.changed.notify_all()
        return refused

    def _bury(self, message: Message, reason: str) -> None:
        self.buried.append(DeadLetter(str(len(self.buried)), message, reason, clock.time()))

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        if self.error_of_begun is not None:
            raise self.error_of_begun
        self.begun_so_far.extend(deliveries)

    def wake(self) -> None:
        with self.changed:
            self._woken = True
            self.changed.notify_all()

    def close(self) -> None:
        self.closed = True

    def admin(self) -> QueueAdmin:
        return LocalAdmin(self)


class LocalAdmin(QueueAdmin):
    def __init__(self, transport: LocalTransport) -> None:
        self._transport = transport

    def queues(self) -> Sequence[str]:
        return sorted({message.queue for message in self._transport.waiting})

    def depth(self, queue: str) -> Depth:
        return Depth(queue, sum(message.queue == queue for message in self._transport.waiting))

    def purge(self, queue: str) -> int:
        dropped = self.depth(queue).ready
        self._transport.waiting = [m for m in self._transport.waiting if m.queue != queue]
        return dropped

    def dead(self, queue: str, limit: int = 100) -> Sequence[DeadLetter]:
        return [letter for letter in self._transport.buried if letter.message.queue == queue][:limit]

    def bury(self, messages: Sequence[Message], reason: str) -> None:
        for message in messages:
            self._transport._bury(message, reason)


class LocalBackend(Backend):
    """A dict in this process."""

    contract_version = 1
    features = frozenset({"push"})

    def __init__(self, url: str, settings: Any = None) -> None:
        super().__init__(url, settings)
        self.changed = threading.Condition()
        self.records: dict[str, Record] = {}
        self.history: list[tuple[str, str]] = []
        self.errors: list[Exception] = []
        self.errors_of_receive: list[Exception] = []
        self.awaited: set[str] = set()

    def store(self, records: Sequence[Record]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        with self.changed:
            for record in records:
                self.records[record.task_id] = record
                self.history.append((record.task_id, record.state))
            self.changed.notify_all()

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        return [self.records.get(task_id) for task_id in task_ids]

    def forget(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            self.records.pop(task_id, None)

    def subscribe(self) -> Subscription:
        return LocalSubscription(self)

    def close(self) -> None:
        """Nothing is open."""


class LocalSubscription(Subscription):
    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        self._ids = backend.awaited

    def add(self, task_ids: Sequence[str]) -> None:
        with self._backend.changed:
            self._ids.update(task_ids)
            self._backend.changed.notify_all()

    def discard(self, task_ids: Sequence[str]) -> None:
        self._ids.difference_update(task_ids)

    def receive(self, timeout_s: float) -> Sequence[Record]:
        if self._backend.errors_of_receive:
            raise self._backend.errors_of_receive.pop(0)
        with self._backend.changed:
            ready = self._ready()
            if not ready:
                clock.wait(self._backend.changed, timeout_s)
                ready = self._ready()
            self._ids.difference_update(record.task_id for record in ready)
            return ready

    def _ready(self) -> list[Record]:
        found = [self._backend.records.get(task_id) for task_id in self._ids]
        return [record for record in found if record is not None and record.state in states.READY_STATES]

    def wake(self) -> None:
        with self._backend.changed:
            self._backend.changed.notify_all()

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def make_app() -> Iterator[Callable[..., Umbel]]:
    """Makes apps whose client and worker share one transport."""
    apps: list[Umbel] = []
    transports: dict[str, LocalTransport] = {}
    backends: dict[str, LocalBackend] = {}

    def make(main: str | None = "proj", **settings: Any) -> Umbel:
        settings = {"broker": "local://a", "backend": "local://a", **settings}
        app = Umbel(main, set_as_current=False, **settings)
        app.catalogue.register("transport", "local", _sharing(LocalTransport, transports))
        app.catalogue.register("backend", "local", _sharing(LocalBackend, backends))
        apps.append(app)
        return app

    yield make
    for app in apps:
        app.close()
    current.set_current(None)
    current.set_default(None)


def _sharing(driver: type[Any], made: dict[str, Any]) -> type[Any]:
    class Shared(driver):  # type: ignore[misc]
        contract_version = 1

        def __new__(cls, url: str, settings: Any = None) -> Any:
            if url not in made:
                made[url] = driver(url, settings)
            return made[url]

    return Shared


@pytest.fixture
def app(make_app: Callable[..., Umbel]) -> Umbel:
    return make_app()


@pytest.fixture
def run_worker() -> Iterator[Callable[..., Worker]]:
    """Runs a worker on a thread of the test; it ends warmly with the test."""
    running: list[tuple[Worker, threading.Thread]] = []

    def run(app: Umbel, pool: str = "solo", **arguments: Any) -> Worker:
        worker = Worker(app, pool=pool, concurrency=1, **arguments)
        close = app.close
        app.close = lambda: None  # type: ignore[method-assign]  # the test reads from the app after the worker's end
        thread = threading.Thread(target=worker.run, kwargs={"handle_signals": False})
        thread.start()
        running.append((worker, thread))
        worker.thread = thread  # type: ignore[attr-defined]
        worker.close_app = close  # type: ignore[attr-defined]
        return worker

    yield run
    for worker, thread in running:
        worker.stop()
        thread.join(30)
        assert not thread.is_alive(), "the worker did not end"
        worker.close_app()  # type: ignore[attr-defined]
