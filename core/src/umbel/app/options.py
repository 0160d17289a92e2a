"""Options of `@app.task`: any keyword becomes an attribute of the task, so a misspelt one would pass in silence."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from umbel import api
from umbel.exceptions import ImproperlyConfigured, UmbelWarning
from umbel.meant import meant

#: Options that are not attributes of every task.
_KNOWN = frozenset(
    """
    autoretry_for dont_autoretry_for retry_backoff retry_backoff_max retry_jitter retry_kwargs queue exchange
    routing_key exchange_type delivery_mode immediate mandatory Request Strategy
    pydantic pydantic_strict pydantic_context pydantic_dump_kwargs
    """.split()  # noqa: SIM905  (they read better as words)
)
#: Options of Celery that nothing here could keep, and why.
_NO_CLASSES = "the worker is extended by plugins (boot steps, consumers, pools), not by naming a class"
_NO_PRODUCER = "it is for Celery's producers, which are not here"
_REFUSED = {"Request": _NO_CLASSES, "Strategy": _NO_CLASSES} | dict.fromkeys(("immediate", "mandatory"), _NO_PRODUCER)


def kind_of_task(name: str, base: type, options: Mapping[str, Any]) -> type:
    """The class of a task with these options. Raises `ImproperlyConfigured` where what they ask for is missing."""
    return _brought("validated", f"task {name}: pydantic=True")(base) if options.get("pydantic") else base


def annotate(tasks: Iterable[Any], annotations: Any) -> None:
    """Change tasks as `task_annotations` says, each once. Raises `ImproperlyConfigured` where nothing does that."""
    new = [task for task in tasks if not getattr(task, "is_annotated", False)]
    _brought("annotate", "task_annotations")(new, annotations)
    for task in new:
        task.is_annotated = True


def _brought(what: str, wanted_by: str) -> Any:
    try:
        return api.load(what)
    except (AttributeError, ImportError) as error:
        raise ImproperlyConfigured(f"{wanted_by} needs umbel.{what}: {error}") from error


def check_options(name: str, base: type, options: Mapping[str, Any]) -> None:
    """Raises `ImproperlyConfigured` for an option that is not supported; warns of one that looks misspelt."""
    for option, value in options.items():
        if option in _REFUSED and value:
            raise ImproperlyConfigured(f"task {name}: {option}={value!r} is not supported: {_REFUSED[option]}")
        if option in _KNOWN or hasattr(base, option):
            continue
        known = [*_KNOWN, *(key for key in dir(base) if not key.startswith("_"))]
        near = meant(option, known, 1, likeness=0.85)
        if near:
            warnings.warn(
                f"task {name}: {option}={value!r} is not an option and becomes an attribute; did you mean {near[0]!r}?",
                UmbelWarning,
                stacklevel=4,
            )
