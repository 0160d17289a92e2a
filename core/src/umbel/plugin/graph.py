"""The order in which the parts of a worker start: each after everything that it requires."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter

from attrs import frozen

from umbel.exceptions import GraphError
from umbel.plugin.catalogue import Catalogue


@frozen
class Node:
    """A part of the worker. It provides its own name and those in `provides`; `origin` is its distribution."""

    name: str
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.name!r} of {self.origin}" if self.origin else repr(self.name)


@frozen
class Graph:
    """Nodes in the order in which they start; they stop in reverse."""

    nodes: tuple[Node, ...]

    def edges(self) -> list[tuple[str, str]]:
        """Pairs of names: the first one is required by the second."""
        providers = _providers(self.nodes)
        pairs = [(providers[need].name, node.name) for node in self.nodes for need in node.requires]
        return list(dict.fromkeys(pairs))


def build(nodes: Sequence[Node], catalogue: Catalogue | None = None) -> Graph:
    """Order the nodes, the same way every time.

    Raises `GraphError` for a missing requirement (`catalogue` helps to say what to do), two providers of one name, or a
    circle.
    """
    providers = _providers(nodes)
    hint = _hint(catalogue or Catalogue())
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for node in nodes:
        for need in node.requires:
            if need not in providers:
                raise GraphError(f"{node} requires {need!r}, which no part of this worker provides. {hint(need)}")
        sorter.add(node.name, *(providers[need].name for need in node.requires))
    by_name = {node.name: node for node in nodes}
    try:
        return Graph(tuple(by_name[name] for name in sorter.static_order()))
    except CycleError as error:
        # graphlib gives the circle in the order of starting: each one is required by the next.
        circle = list(reversed(error.args[1]))
        origins = ", ".join(dict.fromkeys(by_name[name].origin or "the worker" for name in circle))
        raise GraphError(
            f"a circle of requirements: {' requires '.join(circle)}. Disable one of them (they come from {origins})"
        ) from error


def _providers(nodes: Sequence[Node]) -> dict[str, Node]:
    providers: dict[str, Node] = {}
    for node in nodes:
        for name in dict.fromkeys((node.name, *node.provides)):
            if name in providers:
                raise GraphError(
                    f"two parts of this worker provide {name!r}: {providers[name]} and {node}. "
                    f"Disable one of them (the setting plugins_disabled, or UMBEL_PLUGINS_DISABLED)"
                )
            providers[name] = node
    return providers


def _hint(catalogue: Catalogue) -> Callable[[str], str]:
    """What to do about a missing requirement: mend the plugin of that name which is here, or install one."""

    def hint(need: str) -> str:
        for entry in (*catalogue.entries("bootstep"), *catalogue.entries("consumer")):
            if entry.name == need:
                return f"{entry} would, but {entry.problem or 'it was left out'}"
        return f"To get it, try: {catalogue.install_hint(need)}"

    return hint
