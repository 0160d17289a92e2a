"""Dates, decimals and UUIDs in JSON, as kombu's `utils/json` tags them: `{"__type__": …, "__value__": …}`.

Imported with the first such value: most messages have none, and `uuid` and `decimal` take 4 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

_DECODERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": lambda text: datetime.fromisoformat(text).date(),
    "time": time.fromisoformat,
    "decimal": Decimal,
    "uuid": lambda fields: UUID(**fields),
}


def tag(value: Any) -> Any:
    """What stands for a value in JSON; raises `TypeError`."""
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


def untag(fields: dict[str, Any]) -> Any:
    """The value that a JSON object stands for, or the object itself."""
    # Two keys exactly, so that ordinary data with a "__type__" of its own passes through.
    if len(fields) == 2 and "__type__" in fields and "__value__" in fields:
        decode = _DECODERS.get(fields["__type__"])
        if decode is not None:
            return decode(fields["__value__"])
    return fields
