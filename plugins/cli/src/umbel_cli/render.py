"""Graphs for people: text, DOT (https://graphviz.org/doc/info/lang.html) and Mermaid (https://mermaid.js.org)."""

from __future__ import annotations

import json
from collections.abc import Callable

from umbel.plugin.graph import Graph, Node


def as_text(graph: Graph) -> str:
    """One line a node, in the order of starting, with what it waits for and where it comes from."""
    width = max((len(node.name) for node in graph.nodes), default=0)
    lines = []
    for number, node in enumerate(graph.nodes, 1):
        needs = f"after {', '.join(dict.fromkeys(node.requires))}" if node.requires else ""
        others = [name for name in node.provides if name != node.name]
        gives = f"provides {', '.join(others)}" if others else ""
        details = "; ".join(part for part in (needs, gives) if part)
        line = f"{number:>2}. {node.name:<{width}}  {details}" + (f"  [{node.origin}]" if node.origin else "")
        lines.append(line.rstrip())
    return "\n".join(lines)


def as_dot(graph: Graph) -> str:
    """A digraph; arrows point from what is required to what requires it."""
    lines = ["digraph umbel {", "  rankdir=LR;", "  node [shape=box];"]
    for node in graph.nodes:
        label = json.dumps(f"{node.name}\n{node.origin}" if node.origin else node.name, ensure_ascii=False)
        lines.append(f"  {json.dumps(node.name)} [label={label}];")
    lines += [f"  {json.dumps(first)} -> {json.dumps(second)};" for first, second in graph.edges()]
    return "\n".join([*lines, "}"])


def as_mermaid(graph: Graph) -> str:
    """A flowchart; names become numbers, because Mermaid has reserved words such as `end`."""
    keys = {node.name: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    lines += [f'  {keys[node.name]}["{_escaped(node)}"]' for node in graph.nodes]
    lines += [f"  {keys[first]} --> {keys[second]}" for first, second in graph.edges()]
    return "\n".join(lines)


def _escaped(node: Node) -> str:
    label = f"{node.name}<br/>{node.origin}" if node.origin else node.name
    return label.replace('"', "#quot;")


FORMATS: dict[str, Callable[[Graph], str]] = {"text": as_text, "dot": as_dot, "mermaid": as_mermaid}
