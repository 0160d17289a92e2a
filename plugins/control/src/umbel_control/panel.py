"""The commands that a worker answers: those of this package, and those of a project's own modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar, overload

from attrs import frozen

from umbel.contracts import WorkerContext
from umbel_control.lamport import LamportClock

Kind = Literal["control", "inspect"]
Handler = Callable[..., Any]
F = TypeVar("F", bound=Handler)


@frozen
class State:
    """What a command is handed first."""

    app: Any
    hostname: str
    worker: WorkerContext
    clock: LamportClock


@frozen
class PanelCommand:
    """A command and how it is called on a command line."""

    name: str
    call: Handler
    kind: Kind = "control"
    alias: str | None = None
    #: Seconds that a command line waits for answers if nobody says.
    default_timeout: float = 1.0
    visible: bool = True
    help: str = ""
    #: How its arguments are written, for people; and their names and types, in order.
    signature: str | None = None
    args: Sequence[tuple[str, Callable[[str], Any]]] = ()
    #: The name of the argument that takes all the rest.
    variadic: str | None = None


#: By name, aliases included.
PANEL: dict[str, PanelCommand] = {}


@overload
def control_command(function: F, /) -> F: ...
@overload
def control_command(**options: Any) -> Callable[[F], F]: ...
def control_command(function: Handler | None = None, /, **options: Any) -> Any:
    """Make a function a command that changes something: `@control_command`, or with Celery's options.

    It gets the `State`, then the arguments by name. What it returns (plain data) is the answer; what it raises is one
    as well. The options: `name`, `alias`, `default_timeout`, `visible`, `help`, `signature`, `args`, `variadic`.
    """
    return _register("control", function, options)


@overload
def inspect_command(function: F, /) -> F: ...
@overload
def inspect_command(**options: Any) -> Callable[[F], F]: ...
def inspect_command(function: Handler | None = None, /, **options: Any) -> Any:
    """As `control_command`, for one that only tells something."""
    return _register("inspect", function, options)


def _register(kind: Kind, function: Handler | None, options: dict[str, Any]) -> Any:
    def register(call: Handler) -> Handler:
        told = (call.__doc__ or "").strip().split("\n")[0]
        command = PanelCommand(**{"name": call.__name__, "help": told, **options, "call": call, "kind": kind})
        for name in filter(None, (command.name, command.alias)):
            PANEL[name] = command
        return call

    return register if function is None else register(function)


def ok(value: Any) -> dict[str, Any]:
    """Celery's form of an answer that is good."""
    return {"ok": value}


def nok(value: Any) -> dict[str, Any]:
    """Celery's form of an answer that is not."""
    return {"error": value}
