"""Stamps of tasks, and how they are said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from umbel_control.marks import of_stamp


def marks_of(headers: Mapping[str, Any]) -> list[str]:
    """The marks that would revoke a message with these headers for one of its stamps."""
    names, stamps = headers.get("stamped_headers"), headers.get("stamps")
    if not isinstance(names, (list, tuple)):
        return []
    values = stamps if isinstance(stamps, Mapping) else {}
    return [of_stamp(str(name), value) for name in names for value in listed(values.get(name, headers.get(name)))]


def listed(value: Any) -> list[Any]:
    """One value, or several, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def pairs(texts: Iterable[Any]) -> dict[str, list[str]]:
    """`["name=value", …]` of a command line. Raises `ValueError`."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, sign, value = str(text).partition("=")
        if not sign:
            raise ValueError(f"expected stamps as name=value, found {text!r}")
        found.setdefault(name, []).append(value)
    return found
