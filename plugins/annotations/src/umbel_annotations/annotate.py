"""`task_annotations`: attributes and methods of tasks, as the settings say."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

from umbel.exceptions import ImproperlyConfigured

#: What a source says of one task: attributes by their names; `@name` wraps a method.
Changes = Mapping[str, Any]


def annotate(tasks: Iterable[Any], annotations: Any) -> None:
    """Change each of `tasks`. `annotations` is a dict of names (or `*`) to changes, an object with `annotate(task)` and
    perhaps `annotate_any()`, the dotted name of one, or a list of these. As in Celery what is said for all tasks comes
    last, and so counts more. Raises `ImproperlyConfigured` for what is none of that."""
    sources = [_source(one) for one in _listed(annotations)]
    for task in tasks:
        for source in sources:
            for changes in source(task):
                _change(task, changes)


def _listed(annotations: Any) -> Sequence[Any]:
    return annotations if isinstance(annotations, (list, tuple)) else (annotations,)


def _source(said: Any) -> Callable[[Any], Iterator[Changes]]:
    if isinstance(said, str):
        said = _imported(said)
    if isinstance(said, Mapping):
        table = said
        return lambda task: (table[key] for key in (task.name, "*") if table.get(key))
    if not callable(getattr(said, "annotate", None)):
        raise ImproperlyConfigured(
            f"task_annotations: expected a dict, or an object with annotate(task), found {said!r}"
        )
    return lambda task: filter(None, (said.annotate(task), getattr(said, "annotate_any", lambda: None)()))


def _imported(dotted: str) -> Any:
    module, _, name = dotted.replace(":", ".").rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImproperlyConfigured(f"task_annotations: cannot import {dotted!r}: {error}") from error
    return found() if isinstance(found, type) else found


def _change(task: Any, changes: Changes) -> None:
    kind = type(task)
    for name, value in changes.items():
        if name.startswith("@"):
            _wrap(task, name[1:], value)
        else:
            setattr(kind, name, value)


def _wrap(task: Any, name: str, around: Callable[[Any], Any]) -> None:
    """As in Celery `around` gets the function, not the bound method, and returns what shall be called instead."""
    place: Any = task if name in vars(task) else type(task)
    found = inspect.getattr_static(place, name, None)
    function = found.__func__ if isinstance(found, staticmethod) else found
    if not callable(function):
        raise ImproperlyConfigured(f"task_annotations: task {task.name} has no method {name!r} to be wrapped")
    made = wraps(function)(around(function))
    setattr(place, name, staticmethod(made) if isinstance(found, staticmethod) else made)
