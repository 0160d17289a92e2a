"""Commands and answers as messages, in the form of kombu's pidbox: JSON, with a ticket that tells calls apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from typing import Any

from attrs import Factory, frozen

from umbel import clock
from umbel.exceptions import DecodeError
from umbel.model import Message
from umbel.wire import json

#: Is the name of a node what the pattern means?
_MATCHERS: dict[str, Callable[[str, str], object]] = {
    "glob": fnmatch,
    "pcre": lambda name, pattern: re.match(pattern, name),
}


@frozen
class Command:
    """What is asked, of whom, and where the answer goes."""

    method: str
    arguments: Mapping[str, Any] = Factory(dict)
    #: Names of nodes; None: all, or those that `pattern` matches in the way of `matcher` (`glob` or `pcre`).
    destination: Sequence[str] | None = None
    pattern: str | None = None
    matcher: str | None = None
    #: `exchange` and `routing_key` of who waits for answers; None: nobody.
    reply_to: Mapping[str, str] | None = None
    ticket: str | None = None

    def is_for(self, hostname: str) -> bool:
        """Whether this node is meant. A pattern of an unknown kind, or that is none, means nobody."""
        if self.destination:
            return hostname in self.destination
        if self.pattern and self.matcher:
            match = _MATCHERS.get(self.matcher)
            try:
                return match is not None and bool(match(hostname, self.pattern))
            except re.error:
                return False
        return True


def exchanges(namespace: str) -> tuple[str, str]:
    """Where commands go, and where answers go."""
    return f"{namespace}.pidbox", f"reply.{namespace}.pidbox"


def command_message(command: Command, exchange: str, now: int, timeout_s: float) -> Message:
    """A command on its way; `now` is the logical clock of who sends it."""
    body = {
        "method": command.method,
        "arguments": dict(command.arguments),
        "destination": command.destination,
        "pattern": command.pattern,
        "matcher": command.matcher,
    }
    if command.reply_to is not None:
        body |= {"ticket": command.ticket, "reply_to": dict(command.reply_to)}
    headers = {"clock": now, "expires": clock.time() + timeout_s if timeout_s else 0}
    return _message(body, headers, exchange, "")


def read_command(message: Message) -> Command:
    """Raises `DecodeError` for what is none."""
    body = read(message)
    method, arguments, reply_to = body.get("method"), body.get("arguments") or {}, body.get("reply_to")
    if not isinstance(method, str) or not isinstance(arguments, dict):
        raise DecodeError(f"expected a method (text) and arguments (an object), found {body!r:.200}")
    if reply_to and not (isinstance(reply_to, dict) and {"exchange", "routing_key"} <= reply_to.keys()):
        raise DecodeError(f"expected reply_to with an exchange and a routing_key, found {reply_to!r:.200}")
    texts = {name: body.get(name) if isinstance(body.get(name), str) else None for name in ("pattern", "matcher")}
    destination = body.get("destination")
    if destination is not None and not isinstance(destination, (list, str)):
        raise DecodeError(f"expected a list of names as the destination, found {destination!r:.200}")
    names = [destination] if isinstance(destination, str) else destination
    return Command(method, arguments, names, **texts, reply_to=reply_to or None, ticket=body.get("ticket"))


def answer_message(hostname: str, answer: Any, command: Command, now: int) -> Message:
    """What a node says to a command. An answer that JSON has no form for is one that says so."""
    assert command.reply_to is not None
    headers = {"ticket": command.ticket, "clock": now}
    place = command.reply_to["exchange"], command.reply_to["routing_key"]
    try:
        return _message({hostname: answer}, headers, *place)
    except (TypeError, ValueError) as error:
        return _message({hostname: {"error": f"its answer cannot be sent: {error}"}}, headers, *place)


def read(message: Message) -> dict[str, Any]:
    """The object in a message. Raises `DecodeError`."""
    if message.content_type != "application/json":
        raise DecodeError(f"expected JSON, found {message.content_type}")
    body = json.loads(message.body)
    if not isinstance(body, dict):
        raise DecodeError(f"expected an object, found {body!r:.200}")
    return body


def clock_of(message: Message) -> int:
    """The logical clock of who sent it; 0 if it does not say."""
    value = message.headers.get("clock")
    return value if isinstance(value, int) else 0


def _message(body: Any, headers: dict[str, Any], exchange: str, routing_key: str) -> Message:
    return Message(
        "", json.dumps(body), headers, {"delivery_mode": 1}, exchange=exchange, routing_key=routing_key
    )  # fmt: skip
