"""A message as two columns: what decides about it (JSON), and the body as it came."""

from __future__ import annotations

import json
from typing import Any

from umbel.exceptions import PermanentError
from umbel.model import Message

#: The decoder without its search for space around the value, of which there is none.
_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # what `decode` itself calls
_encode = json.JSONEncoder(separators=(",", ":")).encode


def head_of(message: Message) -> str:
    """All but the body and what has columns of its own. Raises `PermanentError` for what is no plain data."""
    try:
        return _encode(
            (
                message.headers,
                message.properties,
                message.content_type,
                message.content_encoding,
                message.exchange,
                message.routing_key,
                message.due,
            )
        )
    except (TypeError, ValueError, RecursionError) as error:
        name = message.headers.get("task") or message.headers.get("id") or "without a name"
        raise PermanentError(
            f"the message {name} for queue {message.queue!r} cannot be published: its headers or properties hold "
            f"something that is not plain data (str, int, float, bool, None, list, dict): {error}"
        ) from error


def message_of(queue: str, rank: int, expires: float | None, head: str, body: bytes) -> Message:
    """The message that was published."""
    headers, properties, content_type, content_encoding, exchange, routing_key, due = _scan(head, 0)[0]
    return Message(
        queue, body, headers, properties, content_type, content_encoding, -rank, due, expires, exchange, routing_key
    )
