"""JSON as kombu's `utils/json` writes and reads it: plain JSON, with dates, decimals and UUIDs as tagged objects
(`umbel.wire.tagged`). An object with a method `__json__` is replaced by what that returns."""

from __future__ import annotations

import json
from typing import Any

from umbel.contracts.serializer import Serializer
from umbel.exceptions import DecodeError
from umbel.plugin import hookimpl


def _tag(value: Any) -> Any:
    reduce = getattr(value, "__json__", None)
    if reduce is not None:
        return reduce()
    from umbel.wire import tagged  # noqa: PLC0415  (see there)

    return tagged.tag(value)


def _decode_tagged(text: str) -> Any:
    from umbel.wire import tagged  # noqa: PLC0415

    return json.loads(text, object_hook=tagged.untag)


encode = json.JSONEncoder(default=_tag).encode
_decode = json.JSONDecoder().decode
_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # what `decode` itself calls


def _decode_plain(text: str) -> Any:
    """Without the decoder's search for space around the value, of which there is none."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else _decode(text)


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
