"""Every shape of a workflow returns what it returns when it is run here and now."""

from __future__ import annotations

import pytest
from canvases import NAMES, define, shapes
from place import LIMIT_S, Place

from umbel import Umbel

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads")


def test_every_shape_has_a_name() -> None:
    app = Umbel("w", broker="memory://", backend="memory://", set_as_current=False)
    assert sorted(shapes(define(app))) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_worker_returns_what_it_should(busy: Place, name: str) -> None:
    canvas, expected = shapes(busy.tasks)[name]
    assert canvas.apply_async().get(timeout=LIMIT_S) == expected


@pytest.mark.parametrize("name", NAMES)
def test_here_and_now_the_same_comes_out(name: str) -> None:
    app = Umbel("w", broker="memory://", backend="memory://", set_as_current=False)
    canvas, expected = shapes(define(app))[name]
    assert canvas.apply().get() == expected


@pytest.mark.parametrize("name", ["chain", "chord", "nested bodies", "chunks"])
def test_a_workflow_can_be_sent_twice(busy: Place, name: str) -> None:
    canvas, expected = shapes(busy.tasks)[name]
    one, other = canvas.apply_async(), canvas.apply_async()
    assert one.id != other.id
    assert [one.get(timeout=LIMIT_S), other.get(timeout=LIMIT_S)] == [expected, expected]
