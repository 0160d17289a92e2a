"""The contract of a bootstep: something with a place in the graph, a start and a stop, and perhaps a gate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from attrs import define

from umbel.contracts.backend import Backend
from umbel.contracts.transport import Transport
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
    """What a bootstep or a consumer may ask of the worker that it is part of."""

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
        """Hand back deliveries that a gate held. They pass all gates again."""

    def shutdown(self, reason: str) -> None:
        """End the worker warmly."""


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
        """A gate for the admit stage, asked for once after `start`; None: this step does not admit."""
        return None

    def follower(self) -> Follower | None:
        """A follower for the record stage, asked for once after `start`; None: this step follows no results."""
        return None

    def stop(self) -> None:
        """Called in reverse order."""
