"""Whether a value has the type that a setting is annotated with.

Understood are `Any`, None, classes, `Literal`, unions, `list[X]`, `tuple[X, ...]`, `dict[K, V]` and callables; a value
for any other annotation is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin


def is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)


def checked(value: Any, hint: Any) -> Any:
    """The value, or a list or tuple made of it where that is what `hint` wants. Raises `TypeError`."""
    origin, members = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if is_union(hint):
        return _one_of(value, members)
    if origin in (list, tuple):
        return _items(value, origin, members[0])
    if origin is Literal:
        fits = any(value == member and type(value) is type(member) for member in members)
    elif origin is dict:
        fits = isinstance(value, Mapping) and _fits_all(value, members[0]) and _fits_all(value.values(), members[1])
    elif origin is Callable:
        fits = callable(value)
    else:
        fits = _is_instance(value, NoneType if hint is None else hint)
    if not fits:
        raise TypeError(value)
    return value


def described(hint: Any) -> str:
    """The annotation in words."""
    origin, members = get_origin(hint), get_args(hint)
    if is_union(hint):
        return " or ".join(described(member) for member in members)
    if origin is Literal:
        return " or ".join(repr(member) for member in members)
    if origin in (list, tuple):
        item = "" if members[0] is Any else f" of {described(members[0])}"
        return f"a {origin.__name__}{item}"
    if origin is dict:
        return "a dict"
    if origin is Callable:
        return "a callable"
    if hint in (None, NoneType):
        return "None"
    return getattr(hint, "__name__", str(hint))


def _one_of(value: Any, members: tuple[Any, ...]) -> Any:
    for member in members:
        try:
            return checked(value, member)
        except TypeError:
            continue
    raise TypeError(value)


def _items(value: Any, kind: type, item: Any) -> Any:
    if not isinstance(value, (list, tuple, set, frozenset)) or not _fits_all(value, item):
        raise TypeError(value)
    return value if isinstance(value, kind) else kind(value)


def _fits_all(values: Any, hint: Any) -> bool:
    try:
        return all(checked(value, hint) is value for value in values)
    except TypeError:
        return False


def _is_instance(value: Any, hint: Any) -> bool:
    if hint is float:
        hint = (int, float)
    if isinstance(value, bool) and hint in (int, (int, float)):
        return False  # True is an int to Python, but "worker_concurrency = True" is a mistake
    return isinstance(value, hint) if isinstance(hint, (type, tuple)) else True
