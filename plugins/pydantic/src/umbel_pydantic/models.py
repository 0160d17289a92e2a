"""Models on their way: into plain data and back."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any

from pydantic import BaseModel

from umbel.exceptions import ImproperlyConfigured


def models_of(function: Callable[..., Any]) -> dict[str, tuple[type[BaseModel], bool]]:
    """The parameters of `function` whose annotation is a model, or a model or None (then the second is True).

    Raises `ImproperlyConfigured` for an annotation that means nothing: it might be a model's."""
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise ImproperlyConfigured(
            f"{function.__qualname__}: pydantic=True needs annotations that mean something when the task runs: {error}."
            " Import it outside of `if TYPE_CHECKING`, at the top of the module"
        ) from error
    found = {name: _model_in(hint) for name, hint in hints.items() if name != "return"}
    return {name: model for name, model in found.items() if model is not None}


def _model_in(hint: Any) -> tuple[type[BaseModel], bool] | None:
    optional = False
    if typing.get_origin(hint) in (typing.Union, UnionType):
        others = [one for one in typing.get_args(hint) if one is not type(None)]
        if len(others) != 1 or len(typing.get_args(hint)) != 2:
            return None
        hint, optional = others[0], True
    is_model = inspect.isclass(hint) and issubclass(hint, BaseModel)
    return (hint, optional) if is_model else None


def plain(value: Any) -> Any:
    """A model as plain data, if it can be made of that again as it was; anything else as it is."""
    if not isinstance(value, BaseModel):
        return value
    dumped = value.model_dump(mode="json")
    try:
        is_same = type(value).model_validate(dumped) == value
    except ValueError:
        return value
    return dumped if is_same else value


def dumped(value: Any, options: Mapping[str, Any]) -> Any:
    """A result as plain data, if it is a model."""
    return value.model_dump(**{"mode": "json", **options}) if isinstance(value, BaseModel) else value
