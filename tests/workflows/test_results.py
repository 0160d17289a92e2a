"""Results of groups and sets: waited for, walked over, drawn, saved and revoked together."""

from __future__ import annotations

from typing import Any

import pytest
from canvases import SEEN
from place import LIMIT_S, Place

from umbel import GroupResult, ResultSet, chain, chord, group
from umbel.exceptions import ChordError, IncompleteStream, TaskRevokedError, TimeoutError

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads")


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    SEEN.clear()


def _group(place: Place, size: int = 5) -> GroupResult:
    result: GroupResult = group(place.tasks.add.s(n, 1) for n in range(size)).apply_async()
    return result


def test_a_group_is_joined_in_order(busy: Place) -> None:
    called: list[Any] = []
    result = _group(busy)
    assert result.join(timeout=LIMIT_S, callback=lambda task_id, value: called.append((task_id, value))) == [
        1, 2, 3, 4, 5,
    ]  # fmt: skip
    assert called == [(each.id, number + 1) for number, each in enumerate(result)]
    assert result.join_native(timeout=LIMIT_S) == result.get() == [1, 2, 3, 4, 5]


def test_results_are_heard_of_as_they_come(busy: Place) -> None:
    result = _group(busy, 30)
    heard = {task_id: meta["result"] for task_id, meta in result.iter_native(timeout=LIMIT_S)}
    assert heard == {each.id: number + 1 for number, each in enumerate(result)}


def test_a_group_is_walked_over_and_counted(busy: Place) -> None:
    result = _group(busy)
    result.get(timeout=LIMIT_S)
    assert [each.get() for each in result] == [1, 2, 3, 4, 5]
    assert (len(result), result[2].get(), result.completed_count()) == (5, 3, 5)
    assert list(result.children) == list(result.results)


def test_one_that_fails_is_raised_unless_it_shall_not_be(busy: Place) -> None:
    result = group(busy.tasks.add.s(1, 1), busy.tasks.fail.s()).apply_async()
    with pytest.raises(ValueError, match="as it was told"):
        result.get(timeout=LIMIT_S)
    first, second = result.get(timeout=LIMIT_S, propagate=False)
    assert (first, type(second)) == (2, ValueError)
    assert (result.failed(), result.successful(), result.state) == (True, False, "FAILURE")
    with pytest.raises(ValueError, match="as it was told"):
        result.maybe_throw()


def test_waiting_for_a_group_ends_in_time(place: Place) -> None:
    with pytest.raises(TimeoutError, match="5 results are not ready"):
        _group(place).get(timeout=0.05)


def test_a_set_holds_what_is_added_to_it(busy: Place) -> None:
    one, two = busy.tasks.add.delay(1, 1), busy.tasks.add.delay(2, 2)
    both = ResultSet([one])
    both.update([one, two])
    assert both.get(timeout=LIMIT_S) == [2, 4]
    both.remove(one.id)
    both.discard(one)
    with pytest.raises(KeyError):
        both.remove(one)
    assert both.get() == [4]
    both.clear()
    assert len(both) == 0


def test_a_group_is_told_of_when_all_are_ready(busy: Place) -> None:
    told: list[Any] = []
    result = _group(busy)
    result.then(told.append)
    result.get(timeout=LIMIT_S)
    busy.tasks.add.delay(1, 1).get(timeout=LIMIT_S)
    assert told == [result]


def test_a_group_travels_as_in_celery(busy: Place) -> None:
    result = _group(busy, 2)
    described = ((result.id, None), [((each.id, None), None) for each in result])
    assert result.as_tuple() == (described[0], described[1])
    assert GroupResult.from_tuple(result.as_tuple(), busy.app) == result


def test_a_forgotten_group_is_pending(busy: Place) -> None:
    result = _group(busy)
    result.get(timeout=LIMIT_S)
    result.forget()
    assert GroupResult(result.id, [busy.app.AsyncResult(each) for each in result.as_list()], app=busy.app).waiting()


@pytest.mark.needs("umbel-control")
def test_a_group_is_revoked_with_all_its_members(place: Place) -> None:
    t = place.tasks
    result = group(t.note.s(1), t.note.s(2)).apply_async()
    after = chord([t.note.s(3), t.add.s(4)], t.note.s()).apply_async()
    result.revoke()
    after.parent.revoke()
    place.work()
    states = [each.get(timeout=LIMIT_S, propagate=False) for each in result]
    assert [type(state) for state in states] == [TaskRevokedError] * 2
    with pytest.raises(ChordError):  # what waits for a header that was revoked hears of it
        place.app.AsyncResult(after.id).get(timeout=LIMIT_S)
    assert SEEN == []


def test_results_below_one_are_walked_over(busy: Place) -> None:
    @busy.app.task(name="w.sends")
    def sends() -> int:
        busy.tasks.add.delay(1, 1)
        return 5

    result = sends.delay()
    result.get(timeout=LIMIT_S)
    (child,) = result.children
    child.get(timeout=LIMIT_S)
    assert list(result.iterdeps()) == [(None, result), (result, child)]
    assert result.get_leaf() == 2
    assert [each.id for _, each in result.graph.iterdeps()] == [result.id, child.id]
    nobody = busy.app.AsyncResult("nobody")
    assert list(nobody.iterdeps(intermediate=True)) == [(None, nobody)]
    with pytest.raises(IncompleteStream):
        list(nobody.iterdeps())


def test_a_result_draws_the_workflow_that_it_ends(busy: Place) -> None:
    t = busy.tasks
    result = chain(t.add.s(1, 1), group(t.add.s(1), t.add.s(2)), t.total.s()).apply_async()
    result.get(timeout=LIMIT_S)
    drawn = str(result.graph)
    assert drawn.count("✓ w.add  SUCCESS") + drawn.count("✓ w.total  SUCCESS") == 4, drawn
    assert result.graph.dot().startswith("digraph")
    assert result.graph.mermaid().startswith("flowchart")
