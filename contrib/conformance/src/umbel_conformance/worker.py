"""A worker to start consumers and bootsteps in: it keeps what they ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from attrs import Factory, define

from umbel import Umbel, clock
from umbel.contracts import Backend, Transport, Verdict
from umbel.model import Delivery, HeldTask, Message, Settlement, WorkerState


class BareTransport(Transport):
    """A transport that has nothing and takes everything: for parts of a worker that must get along with any."""

    contract_version = 1

    def publish(self, messages: Sequence[Message]) -> None: ...

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        return ()

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        return ()

    def wake(self) -> None: ...

    def close(self) -> None: ...


@define(eq=False)
class RecordingWorker:
    """A `WorkerContext` without a worker."""

    hostname: str = "celery@conformance"
    settings: Mapping[str, Any] = Factory(dict)
    transport: Transport = Factory(lambda: BareTransport("bare://"))
    backend: Backend | None = None
    #: What `every` was given: interval and call.
    timers: list[tuple[float, Callable[[], None]]] = Factory(list)
    published: list[Message] = Factory(list)
    readmitted: list[Delivery] = Factory(list)
    #: The reasons given to `shutdown`.
    shutdowns: list[str] = Factory(list)
    #: Whether the last of them wanted the worker to be started anew.
    again: bool = False
    #: How many tasks have begun, by name.
    totals: dict[str, int] = Factory(dict)
    #: What `tasks` says, and what `state` says of the pool and the queues.
    holding: list[HeldTask] = Factory(list)
    features: frozenset[str] = frozenset({"resize", "terminate"})
    concurrency: int = 1
    queues: tuple[str, ...] = ("q",)
    #: What was given to `end` and `terminate`: ids and verdict, or signal.
    ended: list[tuple[list[str], Verdict]] = Factory(list)
    terminated: list[tuple[list[str], int]] = Factory(list)
    #: What was given to `change_task`.
    changes: list[tuple[str, dict[str, Any]]] = Factory(list)
    commands: dict[str, Callable[..., Any]] = Factory(dict)
    #: The app whose calls `signature` makes.
    app: Any = Factory(lambda: Umbel("conformance", set_as_current=False))

    def signature(self, described: Any) -> Any:
        return self.app.signature(described)

    def every(self, interval_s: float, call: Callable[[], None]) -> None:
        self.timers.append((interval_s, call))

    def publish(self, messages: Sequence[Message]) -> None:
        self.published += messages

    def readmit(self, deliveries: Sequence[Delivery]) -> None:
        self.readmitted += deliveries

    def shutdown(self, reason: str, again: bool = False) -> None:
        self.shutdowns.append(reason)
        self.again = again

    def state(self) -> WorkerState:
        return WorkerState(
            pool="recording",
            features=self.features,
            concurrency=self.concurrency,
            pids=(),
            prefetch=self.concurrency,
            queues=self.queues,
            totals=dict(self.totals),
            looked=clock.monotonic(),
            trouble=None,
            heard=clock.monotonic(),
            handling=False,
        )

    def tasks(self) -> Sequence[HeldTask]:
        return list(self.holding)

    def end(self, task_ids: Sequence[str], verdict: Verdict) -> Sequence[str]:
        self.ended.append((list(task_ids), verdict))
        over = [task.task_id for task in self.holding if task.task_id in task_ids and task.started is None]
        self.holding = [task for task in self.holding if task.task_id not in over]
        return over

    def terminate(self, task_ids: Sequence[str], signal: int) -> Sequence[str]:
        self.terminated.append((list(task_ids), signal))
        return [task.task_id for task in self.holding if task.task_id in task_ids]

    def resize(self, concurrency: int) -> None:
        self.concurrency = concurrency

    def consume(self, queues: Sequence[str]) -> None:
        self.queues = tuple(queues)

    def change_task(self, name: str, **options: Any) -> None:
        self.changes.append((name, options))


class SealedMessage(Message):
    """A message whose body must not be read: gates decide by the headers."""

    @property
    def body(self) -> NoReturn:
        raise AssertionError("a gate looked into the body of a message; it decides by the headers alone")

    @body.setter
    def body(self, value: bytes) -> None: ...


def delivery(headers: Mapping[str, Any] | None = None, body: bytes = b"[[], {}, {}]", **fields: Any) -> Delivery:
    """A task message that was just leased."""
    everything = {"task": "proj.add", "id": "3f1d", "retries": 0, "eta": None, "expires": None, **(headers or {})}
    return Delivery(Message("q", body, dict(everything), **fields), tag=object())
