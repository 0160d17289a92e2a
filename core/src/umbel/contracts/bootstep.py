"""The contract of a bootstep: something with a place in the graph, a start and a stop, and perhaps a gate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from attrs import define

from umbel.contracts.backend import Backend
from umbel.contracts.transport import Transport
from umbel.exceptions import UnsupportedError
from umbel.model.activity import HeldTask, WorkerState
from umbel.model.message import Delivery, Message
from umbel.model.record import Record


@define(slots=True, eq=False)
class Verdict:
    """What a gate says of a delivery that shall not run now.

    `state` and `error` make a result record (a revoked or expired task has one); `due` puts the message back until
    then; `dead` keeps it for the operator with `reason`; `hold` means that the gate keeps the delivery itself and will
    hand it to `WorkerContext.readmit` later. With none of them the message is acknowledged and gone.
    """

    reason: str
    state: str | None = None
    error: BaseException | None = None
    due: float | None = None
    dead: bool = False
    hold: bool = False


#: Asked once for every delivery before it is submitted: None lets it pass. It sees headers, never the body. A message
#: with headers that make it raise (`ValueError`, `InvalidTaskError`) is kept among the dead letters.
Gate = Callable[[Delivery], "Verdict | None"]
#: Told of results that were stored, with the messages of their tasks, before those are settled: what follows from a
#: result. `TemporaryError` makes it be called again; the same result may come twice. Called by one thread at a time.
Follower = Callable[[Sequence[tuple[Message, Record]]], None]


class WorkerContext(Protocol):
    """What a bootstep or a consumer may ask of the worker that it is part of. From any thread."""

    #: Celery's node name, such as `celery@host`.
    hostname: str
    #: The settings of the app, read only, by their names.
    settings: Mapping[str, Any]
    transport: Transport
    backend: Backend | None

    def signature(self, described: Any) -> Any:
        """The call that a name or a serialized signature describes, to be sent by this worker."""

    def every(self, interval_s: float, call: Callable[[], None]) -> None:
        """Call it again and again while the worker runs, on a thread of the kernel's. Errors are logged."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish through the worker's own publisher. Blocks."""

    def readmit(self, deliveries: Sequence[Delivery]) -> None:
        """Hand back deliveries that a gate held. They pass all gates again, but for those that were ended meanwhile."""

    def shutdown(self, reason: str, again: bool = False) -> None:
        """End the worker warmly; `again`: the command `worker` is to start it anew then."""

    def state(self) -> WorkerState:
        """What the worker is at this moment: its pool, queues and totals, and when it last showed signs of life."""

    def tasks(self) -> Sequence[HeldTask]:
        """What is reserved and not finished: it runs, waits in the pool, or is held by a gate."""

    def end(self, task_ids: Sequence[str], verdict: Verdict) -> Sequence[str]:
        """End the tasks of these ids that are reserved and have not begun, as a gate would with this verdict. Returns
        the ids of those; the others are not here, or run."""

    def terminate(self, task_ids: Sequence[str], signal: int) -> Sequence[str]:
        """Send `signal` to the processes that run these tasks (the pool's feature `terminate`). Who dies of it has the
        state REVOKED, and `signals.task_revoked` is sent. Returns the ids that are here. A pool without processes does
        what comes nearest. Raises `UnsupportedError` if the pool cannot do it to one of them."""

    def resize(self, concurrency: int) -> None:
        """Run so many tasks at once (the pool's feature `resize`). Raises `UnsupportedError`, or
        `ImproperlyConfigured` for a number that cannot be."""

    def consume(self, queues: Sequence[str]) -> None:
        """Consume from these queues and no others. What was reserved stays, and what the broker was asked for already
        may still come (until `WorkerState.looked` is later than this call)."""

    def change_task(self, name: str, **options: Any) -> None:
        """Change options of a task in this worker: its time limits, and what boot steps keep (`Bootstep.keeps`).
        Raises `NotRegistered`, `UnsupportedError` for an option that nothing here keeps, `ValueError` for a value that
        cannot be."""

    @property
    def commands(self) -> Mapping[str, Callable[..., Any]]:
        """What all boot steps of this worker answer (`Bootstep.commands`), by name."""


class Bootstep(ABC):
    """A part of the worker. `requires` and `provides` are names in the graph; the kernel's own are `transport`,
    `backend`, `pool`, `settle`, `record`, `execute`, `admit` and `reserve`."""

    contract_version: ClassVar[int]
    features: ClassVar[frozenset[str]] = frozenset()
    name: ClassVar[str]
    requires: ClassVar[Sequence[str]] = ()
    #: Names that others may require; the step's own name is always one of them.
    provides: ClassVar[Sequence[str]] = ()
    #: The options of tasks that it keeps, which have no effect without it; and such settings.
    keeps: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def start(self, worker: WorkerContext) -> None:
        """Called in the order of the graph. Raising stops the worker from starting."""

    def gate(self) -> Gate | None:
        """A gate for the admit stage, asked for after `start` and after each `change`; None: this step does not
        admit."""
        return None

    def follower(self) -> Follower | None:
        """A follower for the record stage, asked for once after `start`; None: this step follows no results."""
        return None

    def change(self, task: str, option: str, value: Any) -> None:
        """An option that it `keeps` is about to change for a task while the worker runs. Raises `ValueError` for a
        value that cannot be. Called by any thread."""
        raise UnsupportedError(f"the boot step {self.name!r} reads the option {option} when the worker starts only")

    def commands(self) -> Mapping[str, Callable[..., Any]]:
        """What may be asked of it while the worker runs, by name: for remote control, consoles and monitors. They take
        keyword arguments, and return plain data or raise `UmbelError` or `ValueError`. Called by any thread."""
        return {}

    def stop(self) -> None:
        """Called in reverse order."""
