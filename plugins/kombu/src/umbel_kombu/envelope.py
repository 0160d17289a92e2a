"""A message as kombu's `Producer` makes it, and what of one that came is Umbel's."""

from __future__ import annotations

from typing import Any

from umbel.exceptions import PermanentError
from umbel.model import Message

_SCALARS = (str, int, float, bool, type(None))
#: Properties that are the envelope's own.
_OWN = frozenset({"delivery_info", "delivery_tag", "body_encoding", "priority"})


def encode(channel: Any, message: Message, is_virtual: bool) -> Any:
    """What `basic_publish` takes. Raises `PermanentError` for headers that are not plain data: kombu would find out
    when half of it is written."""
    try:
        properties: dict[str, Any] = {"delivery_mode": 2, **plain(message.properties)}
        headers = plain(message.headers)
    except (TypeError, RecursionError) as error:
        name = message.headers.get("task") or message.headers.get("id") or "without a name"
        raise PermanentError(
            f"the message {name} for queue {message.queue!r} cannot be published: its headers or properties hold "
            f"something that is not plain data (str, int, float, bool, None, list, dict): {error}"
        ) from error
    if is_virtual:
        properties["delivery_info"] = {}
    return channel.prepare_message(
        message.body,
        priority=message.priority,
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        headers=headers,
        properties=properties,
    )


def decode(received: Any, queue: str) -> Message:
    """The message in what a consumer of kombu's was called with."""
    properties = {name: value for name, value in (received.properties or {}).items() if name not in _OWN}
    priority = (received.properties or {}).get("priority")
    info = received.delivery_info or {}
    body = received.body
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    return Message(
        queue,
        bytes(body or b""),
        dict(received.headers or {}),
        properties,
        received.content_type or "application/json",
        received.content_encoding or "utf-8",
        priority if isinstance(priority, int) and 0 <= priority <= 9 else 0,
        exchange=info.get("exchange") or "",
        routing_key=info.get("routing_key") or "",
    )


def plain(value: Any) -> Any:
    """A copy of plain data. Raises `TypeError` for anything else."""
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"a dict with keys that are no text: {value!r:.100}")
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} {value!r:.100}")
