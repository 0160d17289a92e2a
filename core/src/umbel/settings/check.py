"""Whether a value has the type that a setting is annotated with.

Understood are `Any`, classes, `Literal`, unions, `list[X]`, `tuple[X, ...]` and `dict[K, V]`. Of any other generic type
only the class is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin


def checked(value: Any, hint: Any) -> Any:
    """The value, or a list or tuple made of it where that is what `hint` wants. Raises `TypeError`."""
    origin, members = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        for member in members:
            with suppress(TypeError):
                return checked(value, member)
    elif origin in (list, tuple) and isinstance(value, (list, tuple, set, frozenset)):
        items = origin(checked(item, members[0]) for item in value)
        return value if value == items else items  # whoever keeps the list may go on filling it
    elif origin is dict and isinstance(value, Mapping):
        for key, item in value.items():
            checked(key, members[0])
            checked(item, members[1])
        return value
    elif origin is Literal:
        if any(value == member and type(value) is type(member) for member in members):
            return value
    elif _is_instance(value, origin or hint):
        return value
    raise TypeError(value)


def described(hint: Any) -> str:
    """The annotation in words."""
    origin, members = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(map(repr, members))
    if origin in (Union, UnionType):
        return " or ".join(map(described, members))
    if origin in (list, tuple) and members[0] is not Any:
        return f"{origin.__name__} of {described(members[0])}"
    return "None" if hint is NoneType else getattr(origin or hint, "__name__", str(hint))


def _is_instance(value: Any, kind: Any) -> bool:
    if isinstance(value, bool) and kind in (int, float):
        return False  # True is an int to Python, but "worker_concurrency = True" is a mistake
    if kind is float:
        kind = (int, float)
    return kind is Any or not isinstance(kind, (type, tuple)) or isinstance(value, kind)
