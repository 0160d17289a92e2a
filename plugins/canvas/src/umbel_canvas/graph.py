"""`AsyncResult.graph`: a result with all that led to it and came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from umbel import AsyncResult, signature
from umbel.exceptions import IncompleteStream
from umbel_canvas import drawing, facts
from umbel_canvas.groupresult import GroupResult
from umbel_canvas.options import options_of
from umbel_canvas.picture import Item, picture, states_of
from umbel_canvas.trees import Tree, tree_of


class Graph:
    """A workflow to look at. `str()` of it is a tree of text; each look asks the backend again."""

    def __init__(self, app: Any, tree: Tree, result: Any = None) -> None:
        self._app = app
        self._result = result
        self.tree = _filled(app, tree)

    @classmethod
    def of(cls, result: Any) -> Graph:
        """The workflow that a result is of: as it was sent if that is known, else what the results know. Blocks."""
        found = cls.find(result.app, result.id) if result.app is not None else None
        if found is None:
            return cls(result.app, _told(result), result)
        found._result = result
        return found

    @classmethod
    def find(cls, app: Any, result_id: str) -> Graph | None:
        """The workflow that was sent with this result, or None. Blocks."""
        shared = options_of(app).shared
        stored = shared.get([facts.workflow_key(result_id)])[0] if shared is not None else None
        if stored is None:
            return None
        return cls(app, facts.unpacked(stored)["tree"], AsyncResult(result_id, app=app))

    def look(self) -> Item:
        """The workflow as it is now. Blocks."""
        return picture(self.tree, states_of(self._app, self.tree, self._app.results.backend.fetch))

    def text(self) -> str:
        return drawing.text(self.look())

    __str__ = text

    def dot(self) -> str:
        """For Graphviz."""
        return drawing.dot(self.look())

    def mermaid(self) -> str:
        """For Markdown."""
        return drawing.mermaid(self.look())

    # Celery's ways to walk over results.

    def iterdeps(self, intermediate: bool = False) -> Iterator[tuple[Any, Any]]:
        """Each result with the one it is a child of. Raises `IncompleteStream` at one that is not ready, unless
        `intermediate`. Blocks."""
        open_: list[tuple[Any, Any]] = [(None, self._result)]
        while open_:
            parent, node = open_.pop(0)
            yield parent, node
            if isinstance(node, GroupResult) or node.ready():
                open_ += [(node, child) for child in node.children]
            elif not intermediate:
                raise IncompleteStream(f"{node.id} is not ready: expected results that are, or intermediate=True")

    def collect(self, intermediate: bool = False, **kwargs: Any) -> Iterator[tuple[Any, Any]]:
        """Each result with its value."""
        for _, node in self.iterdeps(intermediate):
            yield node, node.get(**kwargs)


def _told(result: Any) -> Tree:
    """What results know: their parents, and their children."""
    steps: list[Tree] = []
    node = result
    while node is not None:
        steps.insert(0, _one(node))
        node = node.parent
    made: list[Tree] = []
    for step in steps:
        if made and made[-1]["k"] == "group":
            made[-1] = {**made[-1], "k": "chord", "b": step}
        else:
            made.append(step)
    return made[0] if len(made) == 1 else {"k": "chain", "c": made}


def _one(node: Any) -> Tree:
    if isinstance(node, GroupResult):
        return {"k": "group", "i": node.id, "c": [_one(each) for each in node.results]}
    own: Tree = {"k": "task", "n": node.name or "task", "i": node.id}
    children = [_one(each) for each in node.children]
    return {"k": "chain", "c": [own, *children]} if children else own


def _filled(app: Any, tree: Tree) -> Tree:
    """The tree with what is stored elsewhere."""
    if tree["k"] == "rest":
        shared = options_of(app).shared
        stored = shared.get([facts.node_key(tree["key"])])[0] if shared is not None else None
        return tree if stored is None else _filled(app, tree_of(signature(facts.unpacked(stored), app=app)))
    made = dict(tree)
    if made.get("c"):
        made["c"] = [_filled(app, each) for each in made["c"]]
    if made.get("b"):
        made["b"] = _filled(app, made["b"])
    return made
