"""Settings that came as text: from the environment, the command line, or the query of a URL."""

from __future__ import annotations

from types import NoneType
from typing import Any, Literal, get_args, get_origin

from umbel.settings.check import checked, is_union

_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def from_text(text: str, hint: Any) -> Any:
    """The value that `text` stands for, of the type `hint`. Raises `ValueError`.

    Numbers and words such as `true` and `off` mean what they say, lists are separated by commas, dicts are JSON. Of a
    union the first type that fits is taken, and an empty text or `none` is None where that is allowed.
    """
    origin, members = get_origin(hint), get_args(hint)
    if is_union(hint):
        return _first_that_fits(text, members)
    if origin is Literal:
        return {str(member): member for member in members}[text] if text in map(str, members) else _refuse(text)
    if origin in (list, tuple):
        return origin(from_text(item.strip(), members[0]) for item in text.split(",") if item.strip())
    if origin is dict:
        return _from_json(text, hint)
    if hint is bool:
        return _WORDS[text.lower()] if text.lower() in _WORDS else _refuse(text)
    if hint in (int, float):
        return hint(text)
    return text if hint in (str, Any) else _refuse(text)


def _first_that_fits(text: str, members: tuple[Any, ...]) -> Any:
    if NoneType in members and text.lower() in ("", "none", "null"):
        return None
    for member in members:
        try:
            return from_text(text, member)
        except ValueError:
            continue
    return _refuse(text)


def _from_json(text: str, hint: Any) -> Any:
    import json  # noqa: PLC0415  (hardly anybody writes a dict as text)

    try:
        return checked(json.loads(text), hint)
    except TypeError:
        return _refuse(text)


def _refuse(text: str) -> Any:
    raise ValueError(text)
