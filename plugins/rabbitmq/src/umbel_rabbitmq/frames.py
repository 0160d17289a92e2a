"""Frames that go by the thousand, as bytes: publishing, getting and acknowledging. amqp 0-9-1, sections 2.3 and 4.2."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

#: The channel of everything in here.
HOT = 1

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
END = 0xCE
HEAD = Struct(">BHI")
ALIVE = HEAD.pack(HEARTBEAT, 0, 0) + bytes((END,))

# Methods, as their class and their own number in one.
BASIC_RETURN, BASIC_DELIVER, BASIC_GET_OK, BASIC_GET_EMPTY, BASIC_ACK, BASIC_NACK = (
    (60 << 16) + number for number in (50, 60, 71, 72, 80, 120)
)

_CONTENT = Struct(">BHIHHQ")
_ACK = Struct(">BHIHHQBB")


def short(text: str) -> bytes:
    """A short string. Raises `ValueError` for one that is none."""
    encoded = text.encode()
    if len(encoded) > 255:
        raise ValueError(f"a name of {len(encoded)} bytes ({text[:40]}…); 255 is the limit")
    return bytes((len(encoded),)) + encoded


@lru_cache(maxsize=2000)
def publish_method(exchange: str, routing_key: str, mandatory: bool) -> bytes:
    """basic.publish: what comes back unrouted does so if it is `mandatory`."""
    arguments = b"\x00<\x00\x28\x00\x00" + short(exchange) + short(routing_key) + (b"\x01" if mandatory else b"\x00")
    return HEAD.pack(METHOD, HOT, len(arguments)) + arguments + b"\xce"


def content(properties: bytes, body: bytes, frame_max: int) -> list[bytes]:
    """The frames after the method: properties, and the body in parts that fit."""
    size = len(body)
    parts = [_CONTENT.pack(HEADER, HOT, 12 + len(properties), 60, 0, size), properties]
    most = frame_max - 8
    if 0 < size <= most:
        parts += (b"\xce", HEAD.pack(BODY, HOT, size), body, b"\xce")
        return parts
    parts.append(b"\xce")
    for start in range(0, size, most):
        some = body[start : start + most]
        parts += (HEAD.pack(BODY, HOT, len(some)), some, b"\xce")
    return parts


@lru_cache(maxsize=500)
def get(queue: str) -> bytes:
    """basic.get, to be acknowledged."""
    arguments = b"\x00<\x00\x46\x00\x00" + short(queue) + b"\x00"
    return HEAD.pack(METHOD, HOT, len(arguments)) + arguments + b"\xce"


def ack(number: int, multiple: bool = False) -> bytes:
    """basic.ack; `multiple`: and all before it."""
    return _ACK.pack(METHOD, HOT, 13, 60, 80, number, multiple, END)


def reject(number: int, requeue: bool) -> bytes:
    """basic.reject: back to its queue, or to where its dead letters go."""
    return _ACK.pack(METHOD, HOT, 13, 60, 90, number, requeue, END)
