"""Which queue a task goes to: the caller's word, the task's own, `task_routes`, the default."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from attrs import frozen

from umbel.app.bindings import Bindings
from umbel.exceptions import ImproperlyConfigured, QueueNotFound


@frozen
class Route:
    """Where a message goes, in AMQP's terms; without an exchange the routing key is the queue."""

    queue: str
    exchange: str = ""
    routing_key: str = ""


Router = Callable[..., Any]


class Routes:
    """`task_routes`: a dict of names, globs or compiled patterns, a callable, a dotted path, or a list of these."""

    def __init__(self, conf: Any) -> None:
        self._default = conf.task_default_queue
        self._routers = [self._router(entry) for entry in _listed(conf.task_routes)]
        self._bindings = Bindings(conf.task_queues)
        #: Where they go when they name neither exchange nor queue.
        self._exchange = conf.task_default_exchange or self._default
        self._only: frozenset[str] | None = None
        if not conf.task_create_missing_queues:
            self._only = self._bindings.queues or frozenset({self._default})

    def _router(self, entry: Any) -> Router:
        if isinstance(entry, str):
            module, _, name = entry.replace(":", ".").rpartition(".")
            entry = getattr(importlib.import_module(module), name)
        if callable(entry):
            return entry  # type: ignore[no-any-return]
        items = entry.items() if isinstance(entry, Mapping) else entry
        table = [(_pattern(name), _options(value)) for name, value in items]

        def look_up(name: str, *_: Any, **__: Any) -> Mapping[str, Any] | None:
            return next((options for matches, options in table if matches(name)), None)

        return look_up

    def options(self, name: str, args: Any, kwargs: Any, options: Mapping[str, Any], task: Any) -> Mapping[str, Any]:
        """What the first router that knows the task says; empty if none does."""
        for router in self._routers:
            found = router(name, args, kwargs, options, task=task)
            if found is not None:
                return _options(found)
        return {}

    def route(self, options: Mapping[str, Any]) -> Route:
        """The route that options ask for; raises `QueueNotFound` if it must be in `task_queues` and is not."""
        queue = options.get("queue")
        if queue is not None and not isinstance(queue, str):
            queue = queue.name  # kombu's Queue
        exchange, key = options.get("exchange") or "", options.get("routing_key") or ""
        exchange = str(getattr(exchange, "name", exchange))
        if not queue and (exchange or key):
            queue = self._bindings.find(exchange or self._exchange, key)
        queue = queue or key or self._default
        if self._only is not None and queue not in self._only:
            raise QueueNotFound(f"{queue!r} is not in task_queues, and task_create_missing_queues is off")
        return Route(queue, exchange, key)

    @property
    def is_plain(self) -> bool:
        """Nothing but the default queue: what callers may skip."""
        return not self._routers


def _listed(routes: Any) -> Sequence[Any]:
    if routes is None:
        return []
    if isinstance(routes, (list, tuple)) and not (routes and isinstance(routes[0], (list, tuple))):
        return routes
    return [routes]


def _pattern(name: Any) -> Callable[[str], object]:
    if isinstance(name, re.Pattern):
        return name.match
    if any(sign in name for sign in "*?["):
        return re.compile(translate(name)).match
    return name.__eq__  # type: ignore[no-any-return]


def _options(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        return {"queue": value}
    if isinstance(value, Mapping):
        return value
    raise ImproperlyConfigured(f"task_routes: expected a queue's name or a dict of options, found {value!r}")
