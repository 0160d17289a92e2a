"""What click's own types do not read: lists, JSON, moments. Each is a `type=` of an option."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from umbel.wire.times import parse

T = TypeVar("T")


def comma_separated(value: str) -> tuple[str, ...]:
    """`a,b,c`."""
    return tuple(word.strip() for word in value.split(",") if word.strip())


def json_array(value: str) -> list[Any]:
    return _json(value, list, "a JSON array such as '[1, 2]'")


def json_object(value: str) -> dict[str, Any]:
    return _json(value, dict, "a JSON object such as '{\"x\": 1}'")


def moment(value: str) -> datetime:
    """A time in ISO 8601."""
    return _first(value, "a time in ISO 8601", parse)


def moment_or_seconds(value: str) -> datetime | float:
    """A time in ISO 8601, or a number of seconds from now."""
    return _first(value, "a time in ISO 8601 or a number of seconds", _number, parse)


def _number(value: str) -> datetime | float:
    return float(value)


def _json(value: str, kind: type[T], expected: str) -> T:
    try:
        found = json.loads(value)
    except ValueError as error:
        raise click.BadParameter(f"expected {expected}, found {value!r} ({error})") from None
    if not isinstance(found, kind):
        raise click.BadParameter(f"expected {expected}, found {value!r}")
    return found


def _first(value: str, expected: str, *read: Callable[[str], T]) -> T:
    for each in read:
        try:
            return each(value)
        except ValueError:
            continue
    raise click.BadParameter(f"expected {expected}, found {value!r}")
