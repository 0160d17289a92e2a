"""What happens to a workflow when a part of it fails: everybody who waits hears so, and errbacks are called once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from canvases import SEEN
from place import LIMIT_S, Place

from umbel import chain, chord, group
from umbel.exceptions import ChordError, TaskRevokedError

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads")


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


def _error(result: Any, place: Place) -> BaseException:
    """What a call ended with, whatever its parents did."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  (the tests say which)
        place.app.AsyncResult(result.id).get(timeout=LIMIT_S)
    return caught.value


def test_a_chain_ends_at_a_failure_for_every_step_to_come(busy: Place) -> None:
    t = busy.tasks
    last = chain(t.fail.s(), t.note.s("second"), t.note.s("third")).apply_async()

    assert isinstance(_error(last, busy), ValueError)
    assert isinstance(_error(last.parent, busy), ValueError)
    assert SEEN == []


def test_a_chord_whose_header_fails_has_a_body_that_fails_and_never_runs(busy: Place) -> None:
    t = busy.tasks
    result = chord([t.add.s(1, 1), t.fail.s(), t.add.s(2, 2)], t.note.s()).apply_async()

    error = _error(result, busy)
    assert isinstance(error, ChordError)
    assert "ValueError('as it was told')" in str(error)
    assert result.parent[1].id in str(error)
    assert SEEN == []


def test_the_bodys_errback_is_called_once_however_many_members_fail(place: Place) -> None:
    t = place.tasks
    called = threading.Event()

    @place.app.task(name="w.blame")
    def blame(request: Any, error: Any, traceback: Any) -> None:
        SEEN.append((request.id, type(error).__name__))
        called.set()

    place.work()
    body = t.total.s().on_error(blame.s())
    result = chord([t.fail.s() for _ in range(5)], body).apply_async()

    assert isinstance(_error(result, place), ChordError)
    assert called.wait(LIMIT_S)
    place.stop()
    assert [(result.id, "ChordError")] == SEEN


def test_what_follows_the_body_fails_as_well(busy: Place) -> None:
    t = busy.tasks
    result = chain(chord([t.fail.s()], t.total.s()), t.add.s(1), t.note.s()).apply_async()

    assert isinstance(_error(result, busy), ChordError)
    assert isinstance(_error(result.parent, busy), ChordError)
    assert SEEN == []


def test_a_body_that_is_a_group_fails_with_what_the_header_raised(busy: Place) -> None:
    t = busy.tasks
    result = chord([t.fail.s()], group(t.note.s(), t.note.s())).apply_async()

    assert [type(_error(each, busy)) for each in result] == [ValueError, ValueError]
    assert SEEN == []


@pytest.mark.parametrize("where", ["chain", "chord", "group"])
def test_a_failure_deep_in_a_header_reaches_the_outer_body(busy: Place, where: str) -> None:
    t = busy.tasks
    inner = {
        "chain": chain(t.fail.s(), t.add.s(1), t.add.s(2)),
        "chord": chord([t.fail.s(), t.add.s(1)], t.total.s()),
        "group": chain(t.add.s(1), group(t.fail.s(), t.add.s(1))),
    }[where]
    result = chord([inner, t.add.s(1)], t.note.s()).apply_async()

    assert isinstance(_error(result, busy), ChordError)
    assert SEEN == []


def test_a_failure_behind_a_reference_reaches_the_last_step(busy: Place) -> None:
    t = busy.tasks
    result = chain(t.add.s(1), t.fail.s(), *(t.add.s(1) for _ in range(60))).apply_async()

    assert isinstance(_error(result, busy), ValueError)


def test_a_body_that_fails_fails_with_its_own_error(busy: Place) -> None:
    t = busy.tasks
    result = chord([t.add.s(1, 1)], t.fail.s()).apply_async()

    assert isinstance(_error(result, busy), ValueError)


def test_an_expired_step_ends_the_chain(busy: Place) -> None:
    """Unlike in Celery, where whoever waits for the last step would wait for ever."""
    t = busy.tasks
    result = chain(t.add.s(1), t.add.s(1).set(expires=-1), t.note.s()).apply_async()

    assert isinstance(_error(result, busy), TaskRevokedError)
    assert SEEN == []


def test_an_expired_member_fails_the_chord(busy: Place) -> None:
    t = busy.tasks
    result = chord([t.add.s(1), t.add.s(1).set(expires=-1)], t.note.s()).apply_async()

    assert isinstance(_error(result, busy), ChordError)


def test_a_replacement_that_fails_fails_what_it_stands_for(place: Place) -> None:
    t = place.tasks

    @place.app.task(name="w.swap_for_failure", bind=True)
    def swap_for_failure(self: Any) -> Any:
        return self.replace(t.fail.si() | t.add.s(1))

    place.work()
    result = chord([swap_for_failure.s(), t.add.s(1)], t.note.s()).apply_async()

    assert isinstance(_error(result, place), ChordError)


def test_a_member_that_is_added_while_the_header_runs_is_waited_for(busy: Place) -> None:
    t = busy.tasks
    result = chord([t.grow.s(1), t.add.s(2), t.grow.s(3)], t.same.s()).apply_async()

    (values,) = result.get(timeout=LIMIT_S)
    assert sorted(values) == [1, 2, 3, 1001, 1003]


def test_a_member_whose_worker_ignores_results_is_counted(place: Place) -> None:
    @place.app.task(name="w.silent", ignore_result=True)
    def silent() -> int:
        return 5

    place.work()
    call = place.app.signature("w.silent", options={"ignore_result": False})
    result = chord([call, call.clone()], place.tasks.total.s()).apply_async()

    assert result.get(timeout=LIMIT_S) == 10
