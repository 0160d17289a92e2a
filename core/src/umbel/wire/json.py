"""JSON as kombu's `utils/json` writes and reads it: plain JSON, with dates, decimals and UUIDs as tagged objects
(`umbel.wire.tagged`). An object with a method `__json__` is replaced by what that returns."""

from __future__ import annotations

import json
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
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


def _untag(value: dict[str, Any]) -> Any:
    from umbel.wire import tagged  # noqa: PLC0415

    return tagged.untag(value)


#: What `json.JSONEncoder` makes for every single call, made once: a body takes 1.0 microseconds where it took 2.5.
#: It keeps no list of the objects that it is in: a value that holds itself ends as a `RecursionError`.
_chunks: Any = c_make_encoder(None, _tag, encode_basestring_ascii, None, ": ", ", ", False, False, True)
_decode = json.JSONDecoder().decode
_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # what `decode` itself calls


def dumps(value: Any) -> bytes:
    """Encode; raises `TypeError` or `ValueError`."""
    try:
        return "".join(_chunks(value, 0)).encode()
    except RecursionError:
        raise ValueError("the value holds itself, or is too deep") from None


def loads(data: bytes | str) -> Any:
    """Decode; raises `DecodeError`."""
    try:
        text = data if isinstance(data, str) else str(data, "utf-8")
        # A hook in the decoder costs a Python call for every object; most messages have no tagged one.
        if '"__type__"' in text:
            return json.loads(text, object_hook=_untag)
        # Without the decoder's search for space around the value, of which there is none.
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            end = -1
        return value if end == len(text) else _decode(text)
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from error


class JsonSerializer(Serializer):
    """The format that Celery uses by default."""

    contract_version = 1
    content_type = "application/json"
    content_encoding = "utf-8"

    dumps = staticmethod(dumps)  # a call less than a method that calls it
    loads = staticmethod(loads)


@hookimpl
def umbel_serializer() -> type[Serializer]:
    return JsonSerializer
