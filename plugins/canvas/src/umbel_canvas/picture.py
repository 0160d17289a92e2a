"""A workflow as it is now: its tree, with the state of every call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from attrs import Factory, define

from umbel import states
from umbel_canvas.ids import member_id
from umbel_canvas.trees import Tree

#: Of more members in a row only the number is shown.
ROW = 8


@define
class Item:
    """A node of the picture. Calls have an id; of many calls in a row `count` says how many they are."""

    kind: str
    name: str
    state: str
    id: str | None = None
    count: int = 1
    #: How many calls are in which state, with those below.
    states: Counter[str] = Factory(Counter)
    children: list[Item] = Factory(list)

    def label(self) -> str:
        """What stands on the node."""
        if self.kind == "many":
            return f"{self.count} × {self.name}"
        return self.name

    def summary(self) -> str:
        """The state, or of several calls how many are in which."""
        if self.kind == "task":
            return self.state
        return ", ".join(f"{count} {state}" for state, count in sorted(self.states.items())) or "empty"

    def walk(self) -> Iterator[Item]:
        """This one and all below."""
        yield self
        for each in self.children:
            yield from each.walk()


def ids_of(tree: Tree | None, group_id: str | None = None) -> Iterator[str]:
    """The ids of all calls."""
    if tree is None:
        return
    if tree["k"] == "many":
        yield from (member_id(str(group_id), index) for index in range(tree["i"], tree["i"] + tree["m"]))
    elif tree["k"] in ("task", "rest"):
        if tree["i"]:
            yield tree["i"]
    else:
        for each in tree["c"]:
            yield from ids_of(each, tree.get("i"))
        yield from ids_of(tree.get("b"))


def picture(tree: Tree, known: Mapping[str, str], group_id: str | None = None) -> Item:
    """The tree with its states; `known` has those of the calls that have one."""

    def state(task_id: str | None) -> str:
        return known.get(str(task_id), states.PENDING)

    kind = tree["k"]
    if kind in ("task", "rest"):
        found = state(tree["i"])
        return Item("task", tree.get("n") or "…", found, tree["i"], states=Counter([found]))
    if kind == "many":
        found_ = [state(each) for each in ids_of(tree, group_id)]
        return Item("many", tree["n"], _together(Counter(found_)), count=tree["m"], states=Counter(found_))
    below = [item for each in tree["c"] for item in _spread(each, known, tree.get("i"))]
    if kind == "chord":
        header = _around("group", "header", tree["i"], below)
        body = [picture(tree["b"], known)] if tree.get("b") else []
        return _around("chord", "chord", None, [header, *body])
    return _around(kind, kind, tree.get("i"), below)


def _spread(tree: Tree, known: Mapping[str, str], group_id: str | None) -> Sequence[Item]:
    """A few members in a row are shown one by one."""
    if tree["k"] != "many" or tree["m"] > ROW:
        return [picture(tree, known, group_id)]
    calls = [{"k": "task", "n": tree["n"], "i": task_id} for task_id in ids_of(tree, group_id)]
    return [picture(call, known) for call in calls]


def _around(kind: str, name: str, task_id: str | None, children: list[Item]) -> Item:
    total: Counter[str] = Counter()
    for each in children:
        total += each.states
    return Item(kind, name, _together(total), task_id, states=total, children=children)


def _together(found: Counter[str]) -> str:
    """The state of several."""
    for state in (states.FAILURE, states.REVOKED, states.RETRY, states.STARTED):
        if found.get(state):
            return state
    if set(found) <= {states.SUCCESS}:
        return states.SUCCESS
    return states.STARTED if found.get(states.SUCCESS) else states.PENDING


def states_of(app: Any, tree: Tree, read: Callable[[Sequence[str]], Sequence[Any]]) -> dict[str, str]:
    """The states that the backend knows. Blocks."""
    found: dict[str, str] = {}
    ids = list(ids_of(tree))
    for start in range(0, len(ids), 500):
        for record in read(ids[start : start + 500]):
            if record is not None:
                found[record.task_id] = record.state
    return found
