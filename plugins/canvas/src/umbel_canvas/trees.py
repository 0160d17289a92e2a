"""What a workflow looks like, in few bytes: its calls by name and id, with no arguments.

| kind | fields |
|---|---|
| `task` | `n` its name, `i` its id |
| `many` | `n` the name of `m` members in a row, `i` the index of the first: their ids follow from the group's |
| `chain` | `c` the steps |
| `group` | `i` its id, `c` the members |
| `chord` | `i` the id of its header, `c` the members, `b` the body |
| `rest` | `i` the id of the last call of a part that is stored elsewhere, `key` where |
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from umbel_canvas.ids import member_id

Tree = dict[str, Any]
#: How many nodes are named, side by side.
_FEW = 5


def tree_of(node: Any) -> Tree:
    """The tree of a frozen node."""
    kind = node.get("subtask_type") or "task"
    options = node.get("options") or {}
    parts = node["kwargs"]
    if kind == "chain":
        return {"k": "chain", "c": [tree_of(each) for each in parts["tasks"]]}
    if kind == "group":
        return {"k": "group", "i": options.get("task_id"), "c": members(options.get("task_id"), parts["tasks"])}
    if kind == "chord":
        header = parts["header"]
        tasks = header["kwargs"]["tasks"] if isinstance(header, dict) else header
        body = tree_of(parts["body"]) if parts.get("body") else None
        return {"k": "chord", "i": options.get("task_id"), "c": members(options.get("task_id"), tasks), "b": body}
    if kind == "reference":
        return {"k": "rest", "i": options.get("task_id"), "key": parts["key"]}
    return {"k": "task", "n": node["task"], "i": options.get("task_id")}


def members(group_id: str | None, nodes: Iterable[Any]) -> list[Tree]:
    """The trees of a group's members."""
    row = Row(group_id)
    for node in nodes:
        row.add(tree_of(node))
    return row.trees


class Row:
    """Members as they come; calls of one task in a row, with ids that follow from the group's, are one entry."""

    def __init__(self, group_id: str | None) -> None:
        self._group_id = group_id
        self._index = 0
        self.trees: list[Tree] = []

    def add(self, tree: Tree) -> None:
        index, self._index = self._index, self._index + 1
        if tree["k"] == "task" and self._group_id and tree["i"] in (None, member_id(self._group_id, index)):
            last = self.trees[-1] if self.trees else None
            if last is not None and last["k"] == "many" and last["n"] == tree["n"]:
                last["m"] += 1
            else:
                self.trees.append({"k": "many", "n": tree["n"], "i": index, "m": 1})
        else:
            self.trees.append(tree)


def short(tree: Tree) -> str:
    """The workflow in a few words: `add | %total([30 × add])`."""
    kind = tree["k"]
    if kind == "many":
        return f"{tree['m']} × {tree['n']}" if tree["m"] > 1 else str(tree["n"])
    if kind in ("task", "rest"):
        return str(tree.get("n") or "…")
    below = [short(each) for each in tree["c"][:_FEW]] + (["…"] if len(tree["c"]) > _FEW else [])
    if kind == "chain":
        return " | ".join(below)
    members = ", ".join(below)
    if not tree.get("b"):
        return f"group({members})"
    body = short(tree["b"])
    return f"%{body if tree['b']['k'] == 'task' else f'({body})'}([{members}])"
