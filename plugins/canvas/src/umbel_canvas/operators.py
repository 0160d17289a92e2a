"""What `|` makes of two signatures; `tests/test_canvas_operators.py` shows it in a table."""

from __future__ import annotations

from typing import Any

from umbel.app.signature import Signature
from umbel_canvas.making import kind_of, make_chain, make_chord


def join(left: Any, right: Any) -> Any:
    """A workflow of both, which stay as they are; `NotImplemented` where `right` is no signature."""
    if not isinstance(right, Signature):
        return NotImplemented
    if kind_of(left) == "group":
        return _after_group(left, right)
    right = _unrolled(right)
    if right is None:
        return left
    if kind_of(left) == "chain":
        return _after_chain(left, right)
    if kind_of(left) == "chord":
        return make_chain(left, right) if kind_of(right) == "group" else _with_body(left, right)
    if kind_of(right) == "chain":
        return _chained(right, [left, *right.tasks])
    return make_chain(left, right)


def _after_group(left: Any, right: Any) -> Any:
    """A group waits for all of its members before something can follow."""
    if kind_of(right) == "group" and not right:
        return left
    return make_chord(left, right, left.app)


def _after_chain(left: Any, right: Any) -> Any:
    if kind_of(right) == "chain":
        made = left
        for step in right.tasks:
            made = join(made, step)
        return made
    if not left.tasks:
        return right
    *steps, last = left.tasks
    if kind_of(right) == "group" or kind_of(last) not in ("group", "chord"):
        return _chained(left, [*left.tasks, right])
    last = join(last, right)
    if steps and kind_of(steps[-1]) == "chord":
        steps, last = steps[:-1], _with_body(steps[-1], last)
    return _chained(left, [*steps, last])


def _with_body(chord: Any, following: Any) -> Any:
    """What follows a chord follows its body."""
    made = chord.clone()
    made.body = following if made.body is None else join(made.body, following)
    return made


def _chained(like: Any, steps: list[Any]) -> Any:
    return like.carry_over(make_chain(*steps))


def _unrolled(right: Any) -> Any:
    """A group of one is its member, and an empty one nothing, where something comes before it."""
    if kind_of(right) != "group":
        return right
    if len(right) > 1:
        return right
    return _unrolled(right.tasks[0]) if len(right) else None
