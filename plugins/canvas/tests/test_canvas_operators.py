"""What `|` makes, as a table: the shapes are Celery's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from umbel import Umbel, chain, chord, group


def _shape(node: Any) -> str:
    kind = node.get("subtask_type") or "task"
    if kind == "task":
        return "task"
    members = ", ".join(_shape(each) for each in node.tasks)
    if kind == "chord":
        return f"chord([{members}], {_shape(node.body)})"
    return f"{kind}({members})"


def _table(t: SimpleNamespace) -> dict[str, Any]:
    def task() -> Any:
        return t.add.s(1)

    def pair() -> Any:
        return group(task(), task())

    def ended() -> Any:
        return chord([task()], task())

    return {
        "task | task": task() | task(),
        "task | chain": task() | chain(task(), task()),
        "chain | task": chain(task(), task()) | task(),
        "chain | chain": chain(task(), task()) | chain(task(), task()),
        "task | group": task() | pair(),
        "task | group(1)": task() | group(task()),
        "group | task": pair() | task(),
        "group | group": pair() | pair(),
        "group | chain": pair() | chain(task(), task()),
        "task | group | task": task() | pair() | task(),
        "chord | task": (pair() | task()) | task(),
        "chord | group": ended() | pair(),
        "task | chord": task() | ended(),
        "group | task | group | task": pair() | task() | pair() | task(),
        "task | group | group": task() | pair() | pair(),
        "group() | task": group() | task(),
        "chain | group()": chain(task(), task()) | group(),
    }


SHAPES = {
    "task | task": "chain(task, task)",
    "task | chain": "chain(task, task, task)",
    "chain | task": "chain(task, task, task)",
    "chain | chain": "chain(task, task, task, task)",
    "task | group": "chain(task, group(task, task))",
    "task | group(1)": "chain(task, task)",
    "group | task": "chord([task, task], task)",
    "group | group": "chord([task, task], group(task, task))",
    "group | chain": "chord([task, task], chain(task, task))",
    "task | group | task": "chain(task, chord([task, task], task))",
    "chord | task": "chord([task, task], chain(task, task))",
    "chord | group": "chain(chord([task], task), group(task, task))",
    "task | chord": "chain(task, chord([task], task))",
    "group | task | group | task": "chain(chord([task, task], chain(task, chord([task, task], task))))",
    "task | group | group": "chain(task, group(task, task), group(task, task))",
    "group() | task": "chord([], task)",
    "chain | group()": "chain(task, task)",
}


@pytest.mark.parametrize("written", SHAPES)
def test_an_operator_makes_what_it_makes_in_celery(tasks: SimpleNamespace, written: str) -> None:
    made = _shape(_table(tasks)[written])
    # A chain of nothing but a chord is that chord: Celery leaves the chain around it.
    assert made in (SHAPES[written], SHAPES[written].removeprefix("chain(").removesuffix(")"))


def test_operands_stay_as_they_are(tasks: SimpleNamespace) -> None:
    one, pair = tasks.add.s(1) | tasks.add.s(2), group(tasks.add.s(1), tasks.add.s(2))
    before = [dict(one), dict(pair)]
    _ = one | pair | tasks.total.s()
    assert [dict(one), dict(pair)] == before


@pytest.mark.parametrize(
    "operator", ["__add__", "__mul__", "__pow__", "__and__", "__rshift__", "__lshift__", "__mod__"]
)
def test_there_are_no_other_operators(tasks: SimpleNamespace, operator: str) -> None:
    assert not hasattr(tasks.add.s(1), operator)


def test_what_is_no_signature_cannot_be_joined(tasks: SimpleNamespace) -> None:
    with pytest.raises(TypeError):
        tasks.add.s(1) | 5


def test_a_chain_can_be_grown_in_place(tasks: SimpleNamespace) -> None:
    steps = tasks.add.s(1)
    steps |= tasks.add.s(2)
    assert _shape(steps) == "chain(task, task)"


def test_all_are_instances_of_their_class(app: Umbel, tasks: SimpleNamespace) -> None:
    assert isinstance(tasks.add.s(1) | tasks.add.s(2), chain)
    assert isinstance(group(tasks.add.s(1)) | tasks.add.s(2), chord)
    assert isinstance(app.signature(dict(group(tasks.add.s(1)))), group)
