"""Exceptions as records: what a result record holds of a failure, and the exception that a reader gets back."""

from __future__ import annotations

import builtins
import sys
import traceback
from collections.abc import Callable
from typing import Any

from umbel import exceptions
from umbel.exceptions import SecurityError


def describe(error: BaseException, encode: Callable[[Any], bytes]) -> dict[str, Any]:
    """Celery's form of an exception: type, module and arguments; arguments that `encode` refuses become their repr."""
    kind = type(error)
    return {
        "exc_type": kind.__name__,
        "exc_message": [_encodable(arg, encode) for arg in error.args],
        "exc_module": kind.__module__,
    }


def _encodable(value: Any, encode: Callable[[Any], bytes]) -> Any:
    try:
        encode(value)
    except Exception:  # whatever a serializer or a __json__ raises, the record must be written
        try:
            return repr(value)
        except Exception:
            return f"<unprintable {type(value).__name__}>"
    return value


def rebuild(record: Any) -> BaseException:
    """The exception that `describe` described. A type that cannot be imported is made up under its name.

    Raises `SecurityError` if the record names something that is not an exception.
    """
    if isinstance(record, BaseException):
        return record
    if not isinstance(record, dict) or "exc_type" not in record:
        return Exception(record)
    name, module = str(record["exc_type"]), record.get("exc_module")
    message = record.get("exc_message")
    kind = _find(name, module)
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        raise SecurityError(f"expected an exception class, found {module}.{name} in a result record")
    args = message if isinstance(message, (list, tuple)) else (message,)
    try:
        return kind(*args)
    except Exception:  # an exception with a signature of its own: keep the type, give the text
        error = Exception.__new__(kind)
        error.args = tuple(args)
        return error


def _find(name: str, module: str | None) -> Any:
    # Modules are not imported on the word of a record: only what the reader has already can come back by type.
    found: Any = sys.modules.get(module) if module else builtins
    if module and module.startswith(("celery.", "billiard.")):
        found = exceptions if hasattr(exceptions, name) else found
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if found is not None else type(name, (Exception,), {"__module__": module or "umbel.exceptions"})


def text(error: BaseException) -> str:
    """The traceback as text. Never raises."""
    try:
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception:  # a broken __str__ or __repr__
        return f"{type(error).__name__}: <unprintable>\n"
