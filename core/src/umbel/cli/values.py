"""Types of option values that click does not have."""

from __future__ import annotations

import json
from typing import Any

import click

from umbel.wire.times import parse


class CommaSeparated(click.ParamType):
    """`a,b,c` as a tuple."""

    name = "list"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())


class Json(click.ParamType):
    """A JSON value of one type."""

    def __init__(self, kind: type, name: str) -> None:
        self._kind = kind
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, self._kind):
            return value
        try:
            found = json.loads(value)
        except ValueError as error:
            self.fail(f"expected {self.name} such as {self._example()}, found {value!r}: {error}", param, ctx)
        if not isinstance(found, self._kind):
            self.fail(f"expected {self.name} such as {self._example()}, found {value!r}", param, ctx)
        return found

    def _example(self) -> str:
        return "'[1, 2]'" if self._kind is list else "'{\"x\": 1}'"


class Moment(click.ParamType):
    """A time in ISO 8601, or a number of seconds from now if `seconds`."""

    def __init__(self, seconds: bool = False) -> None:
        self._seconds = seconds
        self.name = "ISO 8601 or seconds" if seconds else "ISO 8601"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except ValueError:
            pass
        try:
            if self._seconds:
                return float(value)
        except ValueError:
            pass
        self.fail(f"expected {self.name}, found {value!r}", param, ctx)


COMMA_SEPARATED = CommaSeparated()
JSON_ARRAY = Json(list, "a JSON array")
JSON_OBJECT = Json(dict, "a JSON object")
MOMENT = Moment()
MOMENT_OR_SECONDS = Moment(seconds=True)
