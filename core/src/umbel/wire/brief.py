"""Short texts of arguments and results, for headers and logs: never slow, whatever the size of the value."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from typing import Any

_SCALARS = frozenset({int, float, bool, type(None)})


class _Brief(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxtuple = self.maxlist = self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = 100
        self.maxdict = 100
        self.maxstring = self.maxother = 200
        self.maxlong = 100


_bounded = _Brief().repr


def _are_small(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind not in _SCALARS and (kind is not str or len(value) >= 200):
            return False
    return True


def brief(value: Any, limit: int = 1024) -> str:
    """`repr(value)`, cut at about `limit` characters. Never raises."""
    try:
        kind = type(value)
        if kind is tuple or kind is list:
            is_small = len(value) < 20 and _are_small(value)
        elif kind is dict:
            is_small = len(value) < 20 and _are_small(value.values())
        else:
            is_small = _are_small((value,))
        text = repr(value) if is_small else _bounded(value)
    except Exception as error:  # a user's __repr__ may raise anything
        text = f"<unprintable {type(value).__name__}: {type(error).__name__}>"
    return text if len(text) <= limit else text[: limit - 3] + "..."
