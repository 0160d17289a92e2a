"""What is known of a dead letter, for people and for programs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import frozen

from umbel.exceptions import UmbelError
from umbel.model.message import DeadLetter, Message
from umbel.wire import protocol
from umbel.wire.brief import brief

if TYPE_CHECKING:
    from umbel.app.app import Umbel

#: Characters of an argument, of a body and of a header that are shown to people.
SHOWN = 500


@frozen
class Summary:
    """One line of the list."""

    key: str
    queue: str
    task: str
    id: str
    died: str
    lost: int
    reason: str


@frozen
class Mishap:
    """Who had it when, and what befell it there."""

    at: str
    worker: str
    what: str


@frozen
class Whole:
    """Everything; its `history` with the oldest first. `body` is the decoded body, or None where `problem` says why it
    could not be decoded; `raw` is how it came, as text."""

    letter: Summary
    history: list[Mishap]
    headers: dict[str, Any]
    properties: dict[str, Any]
    content_type: str
    content_encoding: str
    size: int
    body: Any
    problem: str | None
    raw: str


def summary(letter: DeadLetter) -> Summary:
    headers = letter.message.headers
    task, task_id = str(headers.get("task") or "?"), str(headers.get("id") or "?")
    return Summary(letter.key, letter.message.queue, task, task_id, _moment(letter.died), letter.lost, letter.reason)


def whole(app: Umbel, letter: DeadLetter) -> Whole:
    message = letter.message
    body, problem = _decoded(app, message)
    return Whole(
        summary(letter),
        [Mishap(_moment(death.at), death.worker, death.what) for death in letter.history],
        message.headers,
        message.properties,
        message.content_type,
        message.content_encoding,
        len(message.body),
        body,
        problem,
        message.body.decode("utf-8", "backslashreplace"),
    )


def lines(found: Whole) -> list[str]:
    """For people: long values are cut, whatever was sent."""
    letter = found.letter
    times = "once" if letter.lost == 1 else f"{letter.lost} times"
    facts = {
        "key": letter.key,
        "queue": letter.queue,
        "task": f"{letter.task}[{letter.id}]",
        "reason": letter.reason,
        "died": letter.died,
        "lost": f"{times} with the worker that held it" if letter.lost else "never: no worker died with it",
    }
    facts |= dict(zip(("args", "kwargs"), _arguments(found), strict=False))
    facts |= {
        "body": f"{found.size:,} bytes of {found.content_type}; {found.content_encoding}",
        **({"problem": found.problem, "raw": _cut(found.raw)} if found.problem else {}),
    }
    shown = [f"{name + ':':<9}{text}" for name, text in facts.items()]
    if found.history:
        shown += ["history:", *(f"  {one.at}  {one.worker or '?'}  {_cut(one.what)}" for one in found.history)]
    for name, values in (("headers", found.headers), ("properties", found.properties)):
        if values:
            shown += [f"{name}:", *(f"  {key}: {brief(value, SHOWN)}" for key, value in values.items())]
    return shown


def _arguments(found: Whole) -> tuple[str, ...]:
    """Of the body, or what the sender said of them where it cannot be read."""
    if found.problem is None:
        args, kwargs, _ = protocol.unpack(found.body)
        return brief(tuple(args), SHOWN), brief(kwargs, SHOWN)
    headers = found.headers
    return tuple(_cut(f"{headers[name]} (says the header)") for name in ("argsrepr", "kwargsrepr") if name in headers)


def _decoded(app: Umbel, message: Message) -> tuple[Any, str | None]:
    """The body, or why there is none. Only formats that `accept_content` names are read: the others may run code."""
    try:
        body = app.formats.decode(message)
        protocol.unpack(body)
    except (UmbelError, ValueError) as error:
        return None, str(error)
    return body, None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
