"""A message as AMQP has it: properties (section 4.2.6.1, basic), headers among them, and a body."""

from __future__ import annotations

from struct import Struct
from struct import error as StructError
from typing import Any

from umbel import clock
from umbel.exceptions import DecodeError, PermanentError
from umbel.model import Message
from umbel_rabbitmq.frames import short
from umbel_rabbitmq.tables import encode_table
from umbel_rabbitmq.templates import decode_headers

_FLAGS = Struct(">H")
_TIME = Struct(">Q")
#: Properties that are short strings, by their flags, in the order of the wire, before and after the timestamp.
_BEFORE = ((1 << 10, "correlation_id"), (1 << 9, "reply_to"), (1 << 8, "expiration"), (1 << 7, "message_id"))
_AFTER = ((1 << 5, "type"), (1 << 4, "user_id"), (1 << 3, "app_id"), (1 << 2, "cluster_id"))
_TYPE, _ENCODING, _HEADERS, _MODE, _PRIORITY, _TIMESTAMP = (1 << bit for bit in (15, 14, 13, 12, 11, 6))

#: Headers of this driver's own: how often it was lost, what befell it, and when it is worth nothing any more (where the
#: broker's own clock for that would count from the wrong moment).
LOST, HISTORY, EXPIRES = "umbel-lost", "umbel-history", "umbel-expires"
_OWN = (LOST, HISTORY, EXPIRES)
#: What the broker writes into messages. From a publisher it would believe it: one that has been in a queue of delayed
#: messages before is dropped there, as going in circles (https://www.rabbitmq.com/docs/dlx#cycles).
DEATHS, DELIVERIES = "x-death", "x-delivery-count"
_BROKERS = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count")


def encode(message: Message, mode: int, message_id: str, own: dict[str, Any] | None = None) -> bytes:
    """The properties. Raises `PermanentError` for headers that are not plain data."""
    said = message.properties
    try:
        flags = _TYPE | _ENCODING | _HEADERS | _MODE
        headers = {**message.headers, **own} if own else message.headers
        if DEATHS in headers or DELIVERIES in headers:
            headers = {name: value for name, value in headers.items() if not name.startswith(_BROKERS)}
        parts = [short(message.content_type), short(message.content_encoding), encode_table(headers)]
        parts.append(_mode(said.get("delivery_mode") or mode))
        if message.priority:
            flags |= _PRIORITY
            parts.append(bytes((min(message.priority, 255),)))
        texts = {**said, "message_id": said.get("message_id") or message_id}
        if message.expires is not None and EXPIRES not in headers:
            texts["expiration"] = str(max(0, int((message.expires - clock.time()) * 1000)))
        for flag, name in _BEFORE:
            if texts.get(name) is not None:
                flags |= flag
                parts.append(short(str(texts[name])))
        if said.get("timestamp") is not None:
            flags |= _TIMESTAMP
            parts.append(_TIME.pack(int(said["timestamp"])))
        for flag, name in _AFTER:
            if texts.get(name) is not None:
                flags |= flag
                parts.append(short(str(texts[name])))
        return _FLAGS.pack(flags) + b"".join(parts)
    except (TypeError, ValueError, AttributeError, StructError, RecursionError) as error:
        name = message.headers.get("task") or message.headers.get("id") or "without a name"
        raise PermanentError(
            f"the message {name} for queue {message.queue!r} cannot be published: its headers or properties hold "
            f"something that is not plain data (str, int, float, bool, None, list, dict): {error}"
        ) from error


def _mode(mode: Any) -> bytes:
    return b"\x01" if mode in (1, "1", "transient") else b"\x02"


def decode(
    properties: bytes, body: bytes, queue: str, exchange: str, routing_key: str
) -> tuple[Message, dict[str, Any]]:
    """The message, and what of its headers is this driver's own. Raises `DecodeError`, and says what is wrong."""
    try:
        texts, headers, mode, priority = _properties(properties)
    except (ValueError, IndexError, StructError, RecursionError) as error:
        raise DecodeError(f"its properties cannot be read: {error}") from error
    own = {name: headers.pop(name) for name in _OWN if name in headers}
    content_type = texts.pop("content_type", None) or "application/json"
    content_encoding = texts.pop("content_encoding", None) or "utf-8"
    if mode == 1:
        texts["delivery_mode"] = 1
    texts.pop("expiration", None)
    message = Message(
        queue, body, headers, texts, content_type, content_encoding, min(priority, 9), None, own.get(EXPIRES), exchange,
        routing_key,
    )  # fmt: skip
    return message, own


def message_id_of(properties: bytes) -> str:
    """The property that tells messages apart; empty where it is missing."""
    texts, *_ = _properties(properties)
    return str(texts.get("message_id", ""))


def _properties(data: bytes) -> tuple[dict[str, Any], dict[str, Any], int, int]:
    """Texts by name, headers, delivery mode and priority."""
    (flags,) = _FLAGS.unpack_from(data, 0)
    place = 2
    texts: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    mode = priority = 0
    if flags & _TYPE:
        texts["content_type"], place = _short(data, place)
    if flags & _ENCODING:
        texts["content_encoding"], place = _short(data, place)
    if flags & _HEADERS:
        headers, place = decode_headers(data, place)
    if flags & _MODE:
        mode, place = data[place], place + 1
    if flags & _PRIORITY:
        priority, place = data[place], place + 1
    for flag, name in _BEFORE:
        if flags & flag:
            texts[name], place = _short(data, place)
    if flags & _TIMESTAMP:
        texts["timestamp"], place = _TIME.unpack_from(data, place)[0], place + 8
    for flag, name in _AFTER:
        if flags & flag:
            texts[name], place = _short(data, place)
    return texts, headers, mode, priority


def _short(data: bytes, place: int) -> tuple[str, int]:
    after = place + 1 + data[place]
    return data[place + 1 : after].decode(), after
