"""Checking a call's arguments against the task's signature, at the call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from umbel.exceptions import UnserializableArgument
from umbel.wire.brief import brief

if TYPE_CHECKING:
    from umbel.contracts.serializer import Serializer


def checker(
    function: Callable[..., Any], name: str, skip: int = 0
) -> Callable[[Sequence[Any], Mapping[str, Any]], None]:
    """A function that raises `TypeError` if `function` cannot be called with the given arguments.

    `skip` leading parameters are not the caller's (`self` of a bound task). Plain calls with the right number of
    positional arguments are let through without binding, which is most of them.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a builtin without a signature: only calling it can tell
        return lambda args, kwargs: None
    parameters = list(signature.parameters.values())[skip:]
    signature = signature.replace(parameters=parameters)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    least = sum(p.default is p.empty for p in positional)
    most = len(positional)
    if any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        least = most + 1  # the quick way is never enough

    def check(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        if not kwargs and least <= len(args) <= most:
            return
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}{signature} cannot be called with ({_shown(args, kwargs)}): {error}") from None

    return check


def _shown(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    shown = [brief(arg, 60) for arg in args] + [f"{key}={brief(value, 60)}" for key, value in kwargs.items()]
    return ", ".join(shown)


def encode(
    name: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    embed: Mapping[str, Any] | None,
    serializer: Serializer,
    task: Any,
) -> bytes:
    """The body of a message; raises `UnserializableArgument`, which names the argument."""
    try:
        return serializer.dumps((args, kwargs, embed))
    except Exception as error:  # a serializer, or a value's own methods, may raise anything
        what = culprit(args, kwargs, serializer.dumps, _parameters_of(task))
        raise UnserializableArgument(
            f"{name}: {what}, which {serializer.content_type} cannot hold ({error})"
        ) from error


def _parameters_of(task: Any) -> Sequence[str]:
    """The names of a task's positional parameters, without its own `self`; empty where they cannot be told."""
    code = getattr(getattr(task, "run", None), "__code__", None)
    if code is None:
        return ()
    return code.co_varnames[1 if task.bound else 0 : code.co_argcount]  # type: ignore[no-any-return]


def culprit(
    args: Sequence[Any], kwargs: Mapping[str, Any], encode: Callable[[Any], Any], names: Sequence[str] = ()
) -> str:
    """Which argument `encode` refuses, in words."""
    for position, value in enumerate(args):
        if not _encodes(value, encode):
            name = f" ({names[position]})" if position < len(names) else ""
            return f"argument {position}{name} is a {_kind(value)}: {brief(value, 80)}"
    for key, value in kwargs.items():
        if not _encodes(value, encode):
            return f"argument {key!r} is a {_kind(value)}: {brief(value, 80)}"
    return f"the arguments together: {brief(args, 80)}"


def _encodes(value: Any, encode: Callable[[Any], Any]) -> bool:
    try:
        encode(value)
    except Exception:
        return False
    return True


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
