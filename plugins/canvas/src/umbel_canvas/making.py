"""Workflows made by name: chains make chords and chords make chains, and neither module can import the other."""

from __future__ import annotations

from typing import Any

from umbel import api


def kind_of(node: Any) -> str:
    """`task`, `chain`, `group`, `chord` or `reference`."""
    return node.get("subtask_type") or "task"


def make_chain(*steps: Any) -> Any:
    """A chain of these steps as they are."""
    return api.load("chain").of(steps)


def make_group(tasks: Any, app: Any = None) -> Any:
    return api.load("group")(tasks, app=app)


def make_chord(header: Any, body: Any, app: Any = None) -> Any:
    return api.load("chord")(header, body, app=app)


def accumulate(app: Any) -> Any:
    """The call that returns the list it is given: it makes one result of a group's."""
    return api.load("Signature")("celery.accumulate", kwargs={"index": 0}, app=app)
