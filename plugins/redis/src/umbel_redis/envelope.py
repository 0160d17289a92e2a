"""A message as kombu writes it on Redis: one JSON object, the body in base64.

Source: kombu's page on the virtual transports' message format, and what kombu 5, celery-node, celery-ts and
node-celery send. What is read may lack anything but a body.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from itertools import count
from os import getpid
from secrets import token_hex
from typing import Any

from msgspec import DecodeError as NotJson
from msgspec import Struct, ValidationError, field
from msgspec.json import Decoder, Encoder

from umbel.exceptions import DecodeError, PermanentError
from umbel.model import Message

#: Delivery tags have to be unique: Celery's workers know by them what they hold. A forked process has its own number.
_TOKEN = token_hex(8)
_numbers = count(1)
_NOWHERE: dict[str, Any] = {}
#: celery-node writes these two in its own language's way.
_CAMEL = (("correlationId", "correlation_id"), ("replyTo", "reply_to"))


class _Envelope(Struct, gc=False):
    """What nearly all envelopes look like: checked, and the body read from its base64, in one pass."""

    body: bytes
    content_type: str = field(default="", name="content-type")
    content_encoding: str = field(default="", name="content-encoding")
    headers: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    lost: int = field(default=0, name="umbel-lost")
    due: float | None = field(default=None, name="umbel-due")


_encode = Encoder().encode
_decode = Decoder(_Envelope).decode


def encode(message: Message, routing_key: str | None = None) -> bytes:
    """The envelope. Raises `PermanentError` for headers that are not plain data.

    `routing_key` is what it says if the message has none; None: its queue.
    """
    routing_key = message.routing_key or (message.queue if routing_key is None else routing_key)
    fields: dict[str, Any] = {} if message.due is None else {"umbel-due": message.due}
    fields["body"] = message.body
    fields["content-encoding"] = message.content_encoding
    fields["content-type"] = message.content_type
    fields["headers"] = message.headers
    fields["properties"] = {
        "delivery_mode": 2,
        **message.properties,
        "delivery_info": {"exchange": message.exchange, "routing_key": routing_key},
        "priority": message.priority,
        "body_encoding": "base64",
        "delivery_tag": f"{_TOKEN}-{getpid():x}-{next(_numbers):x}",
    }
    try:
        return _encode(fields)
    except UnicodeEncodeError:  # Half a character, say of a file's name. JSON can say it, UTF-8 cannot.
        fields["body"] = b64encode(message.body).decode()
        return json.dumps(fields).encode()
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
        found = _decode(envelope)
        if found.properties.get("body_encoding") != "base64":
            found = _unusual(envelope)
    except (ValidationError, NotJson, ValueError, RecursionError):
        found = _unusual(envelope)
    properties = found.properties
    info = properties.pop("delivery_info", _NOWHERE)
    if type(info) is not dict:
        info = _NOWHERE
    priority = properties.pop("priority", None)
    properties.pop("body_encoding", None)
    properties.pop("delivery_tag", None)
    for theirs, ours in _CAMEL:
        if theirs in properties:
            properties[ours] = properties.pop(theirs)
    message = Message(
        queue,
        found.body,
        found.headers,
        properties,
        found.content_type or "application/json",
        found.content_encoding or "utf-8",
        priority if isinstance(priority, int) and 0 <= priority <= 9 else step,
        found.due,
        None,
        _text(info, "exchange"),
        _text(info, "routing_key"),
    )
    return message, found.lost


def _unusual(envelope: bytes) -> _Envelope:
    """What others send, as far as it can be read: a body that is text or JSON, properties in camel case."""
    try:
        fields = json.loads(str(envelope, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the envelope is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise DecodeError(f"expected an envelope, found {type(fields).__name__}")
    headers, properties = fields.get("headers") or {}, fields.get("properties") or {}
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        raise DecodeError(f"expected headers and properties to be objects, found {headers!r:.100}, {properties!r:.100}")
    due, lost = fields.get("umbel-due"), fields.get("umbel-lost")
    return _Envelope(
        _body(fields, properties),
        _text(fields, "content-type"),
        _text(fields, "content-encoding"),
        headers,
        properties,
        lost if isinstance(lost, int) else 0,
        float(due) if isinstance(due, (int, float)) else None,
    )


def _body(fields: dict[str, Any], properties: dict[str, Any]) -> bytes:
    if "body" not in fields:
        raise DecodeError("the envelope has no body")
    body = fields["body"]
    if not isinstance(body, str):
        return json.dumps(body).encode()
    if properties.get("body_encoding") != "base64":
        return body.encode("utf-8", "surrogatepass")
    try:
        return b64decode(body, validate=True)
    except (Base64Error, ValueError) as error:
        raise DecodeError(f"the body is not base64: {error}") from error


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
