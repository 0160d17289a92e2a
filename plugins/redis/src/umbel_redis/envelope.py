"""A message as kombu writes it on Redis: one JSON object, the body in base64.

Source: kombu's page on the virtual transports' message format, and what kombu 5, celery-node, celery-ts and
node-celery send. What is read may lack anything but a body.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from binascii import b2a_base64
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from umbel.exceptions import DecodeError, PermanentError
from umbel.model import Message
from umbel.wire.ids import new_id

_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().decode
#: What is in an envelope's properties and has a place of its own in a message, or is made anew.
_OWN = frozenset({"body_encoding", "delivery_info", "delivery_tag", "priority"})
#: celery-node writes these two in its own language's way.
_CAMEL = {"correlationId": "correlation_id", "replyTo": "reply_to"}


def encode(message: Message, routing_key: str | None = None) -> str:
    """The envelope. Raises `PermanentError` for headers that are not plain data.

    `routing_key` is what it says if the message has none; None: its queue.
    """
    routing_key = message.routing_key or (message.queue if routing_key is None else routing_key)
    own = {
        "delivery_mode": 2,
        **message.properties,
        "delivery_info": {"exchange": message.exchange, "routing_key": routing_key},
        "priority": message.priority,
        "body_encoding": "base64",
        "delivery_tag": new_id(),
    }
    due = "" if message.due is None else f'"umbel-due":{message.due!r},'
    try:
        return (
            f'{{{due}"body":"{b2a_base64(message.body, newline=False).decode()}",'
            f'"content-encoding":{quoted(message.content_encoding)},"content-type":{quoted(message.content_type)},'
            f'"headers":{_encode(message.headers)},"properties":{_encode(own)}}}'
        )
    except (TypeError, ValueError, RecursionError) as error:
        name = message.headers.get("task") or message.headers.get("id") or "without a name"
        raise PermanentError(
            f"the message {name} for queue {message.queue!r} cannot be published: its headers or properties hold "
            f"something that is not plain data (str, int, float, bool, None, list, dict): {error}"
        ) from error


def decode(envelope: bytes, queue: str, step: int) -> tuple[Message, int]:
    """The message, and how often it was lost. `step` is the priority of the list that it was in.

    Raises `DecodeError`, and says what is wrong.
    """
    try:
        fields = _decode(str(envelope, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the envelope is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise DecodeError(f"expected an envelope, found {type(fields).__name__}")
    headers, properties = fields.get("headers") or {}, fields.get("properties") or {}
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        raise DecodeError(f"expected headers and properties to be objects, found {headers!r:.100}, {properties!r:.100}")
    info = properties.get("delivery_info")
    if not isinstance(info, dict):
        info = {}
    priority = properties.get("priority")
    message = Message(
        queue,
        _body(fields, properties),
        headers,
        {_CAMEL.get(name) or name: value for name, value in properties.items() if name not in _OWN},
        _text(fields, "content-type", "application/json"),
        _text(fields, "content-encoding", "utf-8"),
        priority if isinstance(priority, int) and 0 <= priority <= 9 else step,
        _number(fields.get("umbel-due")),
        None,
        _text(info, "exchange", ""),
        _text(info, "routing_key", ""),
    )
    lost = fields.get("umbel-lost")
    return message, lost if isinstance(lost, int) else 0


def _body(fields: dict[str, Any], properties: dict[str, Any]) -> bytes:
    if "body" not in fields:
        raise DecodeError("the envelope has no body")
    body = fields["body"]
    if not isinstance(body, str):
        return _encode(body).encode()
    if properties.get("body_encoding") != "base64":
        return body.encode("utf-8", "surrogatepass")
    try:
        return b64decode(body, validate=True)
    except (Base64Error, ValueError) as error:
        raise DecodeError(f"the body is not base64: {error}") from error


def _text(fields: dict[str, Any], name: str, default: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) and value else default


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
