"""The boot steps and consumers that plugins bring."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from typing import Any, cast

from attrs import define

from umbel.contracts.bootstep import Bootstep
from umbel.contracts.consumer import Consumer
from umbel.exceptions import PluginError
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.graph import Graph, Node, build
from umbel.plugin.loader import load_all

_log = logging.getLogger("umbel.worker")
#: What every boot step of a plugin may rely on without saying so.
_BEFORE = ("transport", "backend", "record")
_AFTER = frozenset({"admit", "reserve"})


@define
class Extensions:
    """Loaded and made, not started."""

    bootsteps: dict[str, Bootstep]
    consumers: dict[str, Consumer]
    graph: Graph


def load_extensions(
    catalogue: Catalogue, required: Sequence[str], own: Mapping[str, Set[type[Any]]] | None = None
) -> Extensions:
    """All that are installed and enabled, and those of `app.steps` (`own`). A broken one is logged and left out, unless
    it is in `plugins_required`, or the app's own."""
    required = (*required, *_register(catalogue, own or {}))
    bootsteps = cast("dict[str, Bootstep]", _make(catalogue, "bootstep", required))
    consumers = cast("dict[str, Consumer]", _make(catalogue, "consumer", required))
    return Extensions(bootsteps, consumers, build(_nodes(catalogue, bootsteps), catalogue))


def _register(catalogue: Catalogue, steps: Mapping[str, Set[type[Any]]]) -> list[str]:
    """Have the classes of `app.steps` take part. Returns what names them among those that are required: who adds one
    wants to hear what is wrong with it."""
    own = []
    for step in sorted({step for added in steps.values() for step in added}, key=repr):
        if not isinstance(step, type):
            raise PluginError(f"app.steps holds classes, found {step!r}")
        kind = "consumer" if issubclass(step, Consumer) else "bootstep"
        name = str(getattr(step, "name", step.__name__))
        catalogue.register(kind, name, step)
        own.append(f"{kind}:{name}")
    return own


def _make(catalogue: Catalogue, kind: str, required: Sequence[str]) -> dict[str, Any]:
    mine = [pattern for pattern in required if any(entry.matches(pattern) for entry in catalogue.entries(kind))]
    drivers, problems = load_all(catalogue, kind, mine)
    for problem in problems:
        _log.error("A plugin was left out: %s", problem.reason)
    made = {}
    for name, driver in drivers.items():
        try:
            made[name] = driver()
        except Exception as error:  # a third party's constructor
            if any(catalogue.find(kind, name).matches(pattern) for pattern in mine):
                raise PluginError(f"{kind} {name!r} cannot be made: {error}") from error
            _log.exception("%s %r was left out: it cannot be made", kind.capitalize(), name)
    return made


def _nodes(catalogue: Catalogue, bootsteps: dict[str, Bootstep]) -> list[Node]:
    added = [_node(catalogue, name, step) for name, step in bootsteps.items()]
    late = _late(added)
    gates = tuple(node.name for node in added if node.name not in late)
    return [
        # First, while the process has neither threads nor connections that a child would inherit.
        Node("pool"),
        Node("transport", ("pool",)),
        Node("backend", ("pool",)),
        Node("settle", ("transport",)),
        Node("record", ("backend", "settle")),
        Node("execute", ("pool", "record")),
        *added,
        Node("admit", ("execute", *gates)),
        Node("reserve", ("transport", "admit")),
    ]


def _node(catalogue: Catalogue, name: str, step: Bootstep) -> Node:
    requires = tuple(step.requires)
    if not _AFTER.intersection(requires):
        requires = (*_BEFORE, *requires)
    return Node(step.name, requires, tuple(step.provides), catalogue.find("bootstep", name).origin)


def _late(nodes: Sequence[Node]) -> set[str]:
    """Steps that start after `admit`, because they or what they require say so."""
    late = set(_AFTER)
    while True:
        more = {node.name for node in nodes if late.intersection(node.requires)} - late
        if not more:
            return late
        late |= more
