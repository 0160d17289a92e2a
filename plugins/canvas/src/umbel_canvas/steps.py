"""From what was written to what is sent: a chain becomes calls of which only the last may be a group or a chord."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from umbel_canvas.making import accumulate, kind_of, make_chain, make_chord


def compiled(steps: Sequence[Any], app: Any) -> list[Any]:
    """The steps of a chain. What follows a group is the body of a chord, what follows a chord is part of its body.

    `steps` may be changed. Nothing is left of empty groups, unless the chain begins with one: then what follows gets
    an empty list.
    """
    made: list[Any] = []
    steps = _flat(steps)
    for number, step in enumerate(steps, 1):
        rest = steps[number:]
        kind = kind_of(step)
        if kind == "group" and step.is_empty() and (made or not rest):
            if made:
                continue
            return [step]
        if kind in ("group", "chord") and rest:
            return [*made, followed(step, one(compiled(rest, app)), app)]
        made.append(step)
    return made


def followed(step: Any, following: Any, app: Any) -> Any:
    """A group or chord with what comes after it."""
    if kind_of(step) == "group":
        return step.as_chord(following)
    step.body = following if step.body is None else one(compiled([step.body, following], app))
    return step


def terminal(step: Any) -> Any:
    """A last step that counts as one: the results of a group are made a list by one more call."""
    if kind_of(step) == "reference":
        step = step.load()
    if kind_of(step) == "group":
        return make_chord(step, accumulate(step.app), step.app)
    if kind_of(step) == "chain":
        step.settle()
        step.tasks = [*step.tasks[:-1], *map(terminal, step.tasks[-1:])]
    elif kind_of(step) == "chord" and step.body is not None:
        step.body = terminal(step.body)
    return step


def _flat(steps: Sequence[Any]) -> list[Any]:
    found = []
    for step in steps:
        found += _flat(step.unchain_tasks()) if kind_of(step) == "chain" else [step]
    return found


def one(steps: list[Any]) -> Any:
    """The only step, or a chain of them."""
    return steps[0] if len(steps) == 1 else make_chain(*steps)
