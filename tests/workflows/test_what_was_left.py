"""Workers that die between one step and the next: what they left is done by others, and done once."""

from __future__ import annotations

import pytest
from canvases import SEEN
from place import LIMIT_S, Place

from umbel import chord, clock

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads")


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


def _until(condition: object, what: str) -> None:
    deadline = clock.monotonic() + LIMIT_S
    while not condition():  # type: ignore[operator]
        assert clock.monotonic() < deadline, f"no {what}"
        clock.sleep(0.01)


def test_what_was_stored_and_not_counted_is_counted_by_the_reconciler(place: Place) -> None:
    t = place.tasks
    place.app.conf.plugins_disabled = ["bootstep:canvas"]
    place.app.conf.canvas_reconcile_interval = 0.2
    result = chord([t.add.s(n, n) for n in range(5)], t.note.s()).apply_async()
    worker = place.work()
    assert not worker.extensions.bootsteps.get("canvas")
    _until(lambda: result.parent.completed_count() == 5, "stored header")
    place.stop()
    assert not result.ready()

    place.app.conf.plugins_disabled = []
    place.work()
    assert result.get(timeout=LIMIT_S) == [[0, 2, 4, 6, 8]]
    assert SEEN == [[[0, 2, 4, 6, 8]]]


def test_a_chord_that_is_the_body_of_another_is_reconciled_as_well(place: Place) -> None:
    t = place.tasks
    place.app.conf.canvas_reconcile_interval = 0.2
    inner = chord([t.total.s().set(queue="inner") for _ in range(5)], t.note.s())
    result = chord([t.add.s(n, n) for n in range(2)], inner).apply_async()
    place.work()
    _until(lambda: place.app.transport.admin().depth("inner").ready == 5, "second header")
    place.stop()
    place.app.conf.plugins_disabled = ["bootstep:canvas"]
    place.work(queues=["inner"])
    _until(lambda: result.parent.completed_count() == 5, "stored header")
    place.stop()
    assert not result.ready()

    place.app.conf.plugins_disabled = []
    place.work()
    assert result.get(timeout=LIMIT_S) == [[2] * 5]
    assert SEEN == [[[2] * 5]]


def test_a_body_that_was_published_twice_runs_once(place: Place) -> None:
    t = place.tasks
    signature = t.note.s("body")
    signature.freeze()
    for token in ("chord/one", "chord/other", "chord/one"):
        signature.clone().apply_async(headers={"umbel_token": token})
    place.work()
    _until(lambda: len(SEEN) >= 1, "run")
    t.note.delay("the end").get(timeout=LIMIT_S)
    place.stop()
    # The second message with the first token stands for the first one, delivered again.
    assert SEEN.count(["body"]) == 2


def test_a_member_that_runs_twice_counts_once(place: Place) -> None:
    t = place.tasks
    result = chord([t.note.s(1), t.note.s(2)], t.note.s()).apply_async()
    transport = place.app.transport
    first, second = transport.reserve(["celery"], 2, 1.0)
    transport.publish([first.message] * 3)
    place.work()
    shared = place.app.backend.shared()  # type: ignore[union-attr]
    group_key = f"celery-taskset-meta-{first.message.headers['group']}"
    _until(lambda: len(SEEN) == 3 and len(shared.tallied(group_key)) == 1, "count")
    assert not result.ready()

    place.app.transport.publish([second.message])
    assert result.get(timeout=LIMIT_S) == [[[1], [2]]]
    t.note.delay("the end").get(timeout=LIMIT_S)
    assert [*([[1]] * 3), [2], [[[1], [2]]], ["the end"]] == SEEN
