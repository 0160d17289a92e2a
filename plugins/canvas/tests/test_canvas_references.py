"""A workflow takes bytes in proportion to its calls, however they are nested."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from umbel import Umbel, chain, chord
from umbel_canvas.references import Reference, Store, weight, whole


def _bytes(app: Umbel, nodes: Any) -> int:
    return len(json.dumps(nodes)) + sum(map(len, app.backend.shared().values.values()))  # type: ignore[union-attr]


def _nested(t: SimpleNamespace, depth: int) -> Any:
    return t.total.s() if depth == 0 else chord([t.total.s() for _ in range(10)], _nested(t, depth - 1))


def test_few_calls_travel_as_they_are(app: Umbel, tasks: SimpleNamespace) -> None:
    steps = [tasks.add.s(n) for n in range(20)]
    assert Store(app).rest(steps) == steps


def test_of_many_calls_a_message_carries_few(app: Umbel, tasks: SimpleNamespace) -> None:
    canvas = chain(*(tasks.add.s(n) for n in range(1000)))
    canvas.freeze()
    with Store(app) as store:
        made = store.rest(canvas.tasks)
    assert len(made) == 21
    assert isinstance(made[-1], Reference)
    assert made[-1].id == canvas.tasks[-1].id
    assert _flat(whole(chain.of(made))) == canvas.tasks


def _flat(node: Any) -> list[Any]:
    return [call for each in node.tasks for call in (_flat(each) if each.get("subtask_type") else [each])]


@pytest.mark.parametrize("depth", [2, 4, 8])
def test_nested_bodies_take_bytes_in_proportion(app: Umbel, tasks: SimpleNamespace, depth: int) -> None:
    canvas = _nested(tasks, depth)
    canvas.freeze()
    with Store(app) as store:
        light = store.light(canvas)
    assert weight([light], 1000) <= 21
    assert _bytes(app, light) < 400 * 11 * depth


def test_what_was_stored_comes_back_as_it_was(app: Umbel, tasks: SimpleNamespace) -> None:
    canvas = _nested(tasks, 5)
    canvas.freeze()
    with Store(app) as store:
        light = store.light(canvas)
    assert json.loads(json.dumps(whole(light))) == json.loads(json.dumps(canvas))


def test_what_goes_to_celerys_workers_carries_everything(app: Umbel, tasks: SimpleNamespace) -> None:
    another = _backend(app)
    app.conf.canvas_celery_queues = ["old"]
    app.resources.__dict__["backend"] = another
    steps = [tasks.add.s(n) for n in range(100)]
    assert len(Reference.fitted(tasks.add.s(), {"queue": "new"}, steps)) == 21
    assert len(Reference.fitted(tasks.add.s(), {"queue": "old"}, steps)) == 100
    app.conf.task_routes = {"proj.add": "old"}
    app.resources.__dict__["backend"] = another
    assert len(Reference.fitted(tasks.add.s(), {}, steps)) == 100


def _backend(app: Umbel) -> Any:
    return type(app.backend)("local://")  # type: ignore[misc]


def test_a_reference_to_nothing_says_what_was_expected(app: Umbel) -> None:
    with pytest.raises(Exception, match=r"is not in the result backend: expected"):
        Reference("gone", "id", app).load()
