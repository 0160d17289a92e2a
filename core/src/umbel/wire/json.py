"""JSON as kombu writes and reads it: plain JSON, with dates, decimals and UUIDs as tagged objects.

Source: kombu's `utils/json`: `{"__type__": "datetime", "__value__": "2026-01-01T00:00:00"}`; an object with a method
`__json__` is replaced by what that returns.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from umbel.contracts.serializer import Serializer
from umbel.exceptions import DecodeError
from umbel.plugin import hookimpl

_DECODERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": lambda text: datetime.fromisoformat(text).date(),
    "time": time.fromisoformat,
    "decimal": Decimal,
    "uuid": lambda fields: UUID(**fields),
}


def _tag(value: Any) -> Any:
    reduce = getattr(value, "__json__", None)
    if reduce is not None:
        return reduce()
    if isinstance(value, datetime):
        return {"__type__": "datetime", "__value__": value.isoformat()}
    if isinstance(value, date):
        return {"__type__": "date", "__value__": value.isoformat()}
    if isinstance(value, time):
        return {"__type__": "time", "__value__": value.isoformat()}
    if isinstance(value, Decimal):
        return {"__type__": "decimal", "__value__": str(value)}
    if isinstance(value, UUID):
        return {"__type__": "uuid", "__value__": {"hex": value.hex}}
    raise TypeError(f"{type(value).__name__} is not JSON: {value!r:.100}")


def _untag(fields: dict[str, Any]) -> Any:
    # Two keys exactly, so that ordinary data with a "__type__" of its own passes through.
    if len(fields) == 2 and "__type__" in fields and "__value__" in fields:
        decode = _DECODERS.get(fields["__type__"])
        if decode is not None:
            return decode(fields["__value__"])
    return fields


encode = json.JSONEncoder(default=_tag).encode
_decode_plain = json.JSONDecoder().decode
_decode_tagged = json.JSONDecoder(object_hook=_untag).decode


def dumps(value: Any) -> bytes:
    """Encode; raises `TypeError` or `ValueError`."""
    return encode(value).encode()


def loads(data: bytes | str) -> Any:
    """Decode; raises `DecodeError`."""
    try:
        text = data if isinstance(data, str) else str(data, "utf-8")
        # A hook in the decoder costs a Python call for every object; most messages have no tagged one.
        return _decode_tagged(text) if '"__type__"' in text else _decode_plain(text)
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from error


class JsonSerializer(Serializer):
    """The format that Celery uses by default."""

    contract_version = 1
    content_type = "application/json"
    content_encoding = "utf-8"

    def dumps(self, value: Any) -> bytes:
        return dumps(value)

    def loads(self, data: bytes) -> Any:
        return loads(data)


@hookimpl
def umbel_serializer() -> type[Serializer]:
    return JsonSerializer
