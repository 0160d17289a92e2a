"""Pictures of workflows: a tree of text, DOT for Graphviz, Mermaid for Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from umbel import states
from umbel_canvas.picture import Item

#: What stands before a state, so that it is seen without colours.
SIGNS = {states.SUCCESS: "✓", states.FAILURE: "✗", states.REVOKED: "⊘", states.STARTED: "▶", states.RETRY: "↻"}
_COLOURS = {
    states.SUCCESS: "#b7e1b0",
    states.FAILURE: "#f2a8a0",
    states.REVOKED: "#d9d9d9",
    states.STARTED: "#ffe79a",
    states.RETRY: "#ffd0a0",
}
_OTHER = "#ffffff"


def text(item: Item) -> str:
    """One line for each node."""
    return "\n".join(_lines(item, "", ""))


def _lines(item: Item, first: str, rest: str) -> Iterator[str]:
    shown = f"{SIGNS.get(item.state, '·')} {item.label()}"
    yield f"{first}{shown}  {item.summary()}{f'  {item.id}' if item.kind == 'task' and item.id else ''}"
    for number, each in enumerate(item.children, 1):
        last = number == len(item.children)
        yield from _lines(each, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


def dot(item: Item) -> str:
    """For `dot -Tsvg` (https://graphviz.org/doc/info/lang.html)."""
    drawing = _Drawing(item)
    nodes = [
        f'  n{number} [label="{_quoted(each.label())}\\n{_quoted(each.summary())}", fillcolor="{_colour(each)}"];'
        for number, each in enumerate(drawing.nodes)
    ]
    edges = [f"  n{one} -> n{other};" for one, other in drawing.edges]
    head = ["digraph workflow {", "  rankdir=LR;", '  node [shape=box, style="rounded,filled"];']
    return "\n".join([*head, *nodes, *edges, "}"])


def mermaid(item: Item) -> str:
    """For Markdown (https://mermaid.js.org/syntax/flowchart.html)."""
    drawing = _Drawing(item)
    nodes = [
        f'    n{number}["{_quoted(each.label())}<br/>{_quoted(each.summary())}"]'
        for number, each in enumerate(drawing.nodes)
    ]
    edges = [f"    n{one} --> n{other}" for one, other in drawing.edges]
    styles = [f"    style n{number} fill:{_colour(each)}" for number, each in enumerate(drawing.nodes)]
    return "\n".join(["flowchart LR", *nodes, *edges, *styles])


class _Drawing:
    """The calls, and which of them comes after which."""

    def __init__(self, item: Item) -> None:
        self.nodes: list[Item] = []
        self.edges: list[tuple[int, int]] = []
        self._add(item)

    def _add(self, item: Item) -> tuple[list[int], list[int]]:
        """Where an item begins and where it ends."""
        if item.kind in ("task", "many"):
            self.nodes.append(item)
            number = len(self.nodes) - 1
            return [number], [number]
        if item.kind == "group":
            ends = [self._add(each) for each in item.children]
            return [one for begin, _ in ends for one in begin], [one for _, end in ends for one in end]
        begin: list[int] = []
        end: list[int] = []
        for each in item.children:
            first, last = self._add(each)
            self.edges += [(one, other) for one in end for other in first]
            begin = begin or first
            end = last or end
        return begin, end


def _quoted(shown: str) -> str:
    return shown.replace("\\", "\\\\").replace('"', "'")


def _colour(item: Item) -> str:
    return _COLOURS.get(item.state, _OTHER)
