"""The state of a stored record, read off its bytes: Celery keeps the serialized record and nothing beside it."""

from __future__ import annotations

import json
import re

from umbel.model import Record
from umbel_redis import compressed_results

#: Comes before the state and the payload of a record whose payload does not say its state.
MARK = b"\x00umbel-status\x00"
#: What is said of a record that nobody here can read. It is handed to who waits: its reader can say what is wrong.
UNREADABLE = "UNREADABLE"

# Celery writes the status first, whichever the serializer.
_JSON = re.compile(rb'\{\s*"status"\s*:\s*"([^"\\]*)"')
# Pickle (protocols 2 to 5, with what it puts in its memo) and MessagePack: the key, then a string and its length.
_BINARY = re.compile(
    rb".{0,30}?status(?:\x94|q.|r.{4})?(?:X(?P<four>.{4})|[\x8c\xd9](?P<one>.)|(?P<short>[\xa0-\xbf]))", re.DOTALL
)
_YAML = re.compile(rb"^status: ([\w -]+)$", re.MULTILINE)


def value_of(record: Record) -> bytes:
    """What is stored of a record: its payload, unless that does not say which state it is in."""
    payload, state = record.payload, record.state
    known = _JSON.match(payload)
    shown = known[1].decode(errors="replace") if known else _state_of(payload)
    return payload if shown == state else b"%b%b\x00%b" % (MARK, state.encode(), payload)


def record_of(task_id: str, value: bytes) -> Record:
    """The record that was stored as `value`. How long it lives yet is not known."""
    if value.startswith(MARK):
        state, _, payload = value[len(MARK) :].partition(b"\x00")
        return Record(task_id, state.decode(errors="replace"), payload)
    if value.startswith(compressed_results.MARK):
        value = compressed_results.decompressed(value) or value
    return Record(task_id, _state_of(value) or UNREADABLE, value)


def _state_of(payload: bytes) -> str | None:
    if payload.startswith(b"{"):
        known = _JSON.match(payload)
        return known[1].decode(errors="replace") if known else _in_json(payload)
    if found := _BINARY.match(payload):
        return _in_binary(payload, found)
    # Its keys are sorted: others need not be searched for it.
    yaml = _YAML.search(payload) if payload.startswith((b"args:", b"children:")) else None
    return yaml[1].decode() if yaml else None


def _in_json(payload: bytes) -> str | None:
    """Workers in other languages have an order of their own."""
    try:
        status = json.loads(payload).get("status")
    except (ValueError, RecursionError):
        return None
    return status if isinstance(status, str) else None


def _in_binary(payload: bytes, found: re.Match[bytes]) -> str | None:
    said = found["four"] or found["one"]
    length = int.from_bytes(said, "little") if said else found["short"][0] & 0x1F
    text = payload[found.end() : found.end() + length]
    return text.decode() if text.isascii() and text else None
