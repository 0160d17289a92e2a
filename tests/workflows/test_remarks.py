"""What is easily missed when Celery's canvas is written anew."""

from __future__ import annotations

from typing import Any

import pytest
from place import LIMIT_S, Place

from umbel import Umbel, chain, chord, group
from umbel.exceptions import ChordError, ImproperlyConfigured, PermanentError

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads", "umbel-memory")


@pytest.fixture
def here(request: pytest.FixtureRequest) -> Any:
    """A place on memory, for what no backend makes a difference to."""
    made = Place(f"memory://{request.node.name}")
    yield made
    made.close()


def _sent(place: Place) -> list[Any]:
    return [each.message for each in place.app.transport.reserve(["celery"], 50, 0)]


def test_a_countdown_delays_the_header_and_not_the_body(here: Place) -> None:
    sent: list[Any] = []
    here.app.transport.publish = sent.extend  # type: ignore[method-assign]
    chord([here.tasks.add.s(1, 1), here.tasks.add.s(2, 2)], here.tasks.total.s()).apply_async(countdown=3600)
    assert len(sent) == 2
    assert all(message.due is not None and message.headers["eta"] for message in sent)
    assert all(b"countdown" not in message.body and b'"eta"' not in message.body for message in sent)


def test_a_chain_travels_reversed(here: Place) -> None:
    chain(here.tasks.add.s(1, 1), here.tasks.add.s(2), here.tasks.add.s(3)).apply_async()
    (message,) = _sent(here)
    embed = here.app.formats.decode(message)[2]
    assert [step["args"] for step in embed["chain"]] == [[3], [2]]


def test_an_empty_header_sends_the_body_at_once(here: Place) -> None:
    chord([], here.tasks.total.s()).apply_async()
    (message,) = _sent(here)
    assert here.app.formats.decode(message)[0] == [[]]


def test_stamps_travel_in_the_headers(here: Place) -> None:
    made = group(here.tasks.add.s(1, 1), here.tasks.add.s(2, 2))
    made.stamp(customer="acme")
    made.apply_async()
    for message in _sent(here):
        assert (message.headers["stamps"], message.headers["stamped_headers"]) == ({"customer": "acme"}, ["customer"])


def test_a_task_cannot_be_replaced_by_an_empty_chain_or_by_a_part_of_a_chord(here: Place) -> None:
    @here.app.task(bind=True, name="w.empty")
    def empty(self: Any) -> Any:
        return self.replace(chain(app=self.app))

    @here.app.task(bind=True, name="w.counted")
    def counted(self: Any) -> Any:
        return self.replace(here.tasks.add.s(1, 1).set(chord=here.tasks.total.s()))

    for task in (empty, counted):
        with pytest.raises(ImproperlyConfigured):
            task.apply(throw=True)


def test_nothing_is_added_to_a_chord_by_a_task_that_is_in_none(here: Place) -> None:
    with pytest.raises(ValueError, match="not member of any chord"):
        here.tasks.grow.apply((1,), throw=True)


def test_workflows_run_here_and_now_where_everything_is_eager() -> None:
    app = Umbel("w", broker="memory://", backend="memory://", set_as_current=False, task_always_eager=True)

    @app.task(name="w.plus")
    def plus(x: int, y: int) -> int:
        return x + y

    assert (plus.s(1, 1) | group(plus.s(1), plus.s(2))).delay().get() == [3, 4]
    assert group(plus.s(1, 1), plus.s(2, 2)).delay().get(timeout=LIMIT_S) == [2, 4]
    app.close()


def test_a_task_that_is_replaced_where_everything_is_eager_returns_what_stands_for_it() -> None:
    """Celery raises a `RuntimeError` in `delay()`, and does this in `apply()`."""
    made = Place("memory://eager", task_always_eager=True)
    assert made.tasks.swap.delay(1).get() == made.tasks.swap.apply((1,)).get() == 101
    made.close()


def test_options_that_are_none_are_dropped(here: Place) -> None:
    here.tasks.add.s(1, 1).set(queue="other").apply_async(queue=None, expires=None)
    assert [each.message.headers["expires"] for each in here.app.transport.reserve(["other"], 1, 0)] == [None]


def test_a_call_is_sent_and_waited_for_by_its_tilde(here: Place) -> None:
    here.work()
    assert ~here.tasks.add.s(1, 1) == 2
    assert ~(here.tasks.add.s(1, 1) | here.tasks.add.s(2)) == 4
    assert ~group(here.tasks.add.s(1), here.tasks.add.s(2)) == [1, 2]
    assert ~chord([here.tasks.add.s(1)], here.tasks.total.s()) == 1


def test_what_stands_for_a_task_has_its_id_its_place_and_its_links(here: Place) -> None:
    t = here.tasks
    sent: list[Any] = []
    publish = here.app.transport.publish
    here.app.transport.publish = lambda messages: (sent.extend(messages), publish(messages))[1]  # type: ignore
    call = t.swap.s(1).set(link=[t.note.s("link")], link_error=[t.note.s("errback")], task_id="first", root_id="root")
    chord([call, t.add.s(2)], t.total.s()).apply_async()
    swap, _ = sent
    here.work()
    here.app.AsyncResult("first").get(timeout=LIMIT_S)
    replacement = next(each for each in sent[2:] if each.headers["id"] == "first")
    kept = ("id", "group", "group_index", "root_id")
    assert [replacement.headers[key] for key in kept] == [swap.headers[key] for key in kept]
    assert replacement.headers["replaced_task_nesting"] == 1
    embed, before = (here.app.formats.decode(each)[2] for each in (replacement, swap))
    assert (embed["chord"], embed["callbacks"]) == (before["chord"], before["callbacks"])
    assert embed["errbacks"] == before["errbacks"]


def test_a_group_that_stands_for_a_task_is_gathered_before_the_chain_goes_on(here: Place) -> None:
    here.work()
    result = chain(here.tasks.swap_for_group.s(1), here.tasks.same.s()).apply_async()
    assert result.get(timeout=LIMIT_S) == [[2, 3]]
    assert result.parent.get(timeout=LIMIT_S) == [2, 3]


def test_stamps_are_in_the_record_where_results_are_extended(request: pytest.FixtureRequest) -> None:
    made = Place(f"memory://{request.node.name}", result_extended=True)
    made.work()
    call = made.tasks.add.s(1, 1)
    call.stamp(customer="acme")
    result = call.apply_async()
    result.get(timeout=LIMIT_S)
    (record,) = made.app.results.fetch([result.id])
    assert (record["customer"], record["stamped_headers"]) == ("acme", ["customer"])
    made.close()


def test_a_task_whose_callback_cannot_be_sent_has_failed(here: Place) -> None:
    """What follows is sent before the success is stored."""
    publish = here.app.transport.publish

    def refuse(messages: Any) -> None:
        if any(message.headers["task"] == "w.note" for message in messages):
            raise PermanentError("the broker does not want it")
        publish(messages)

    here.app.transport.publish = refuse  # type: ignore[method-assign]
    here.work()
    result = here.tasks.add.apply_async((1, 1), link=here.tasks.note.s())
    with pytest.raises(PermanentError, match="does not want it"):
        result.get(timeout=LIMIT_S)
    assert result.state == "FAILURE"


def test_a_chord_that_celery_polls_for_is_failed_when_it_has_been_polled_for_long_enough(here: Place) -> None:
    body = here.tasks.total.s()
    body.freeze()
    told = {"result": [((name, None), None) for name in ("one", "two")], "interval": 0.01, "max_retries": 3}
    here.app.send_task("celery.chord_unlock", ("group", dict(body)), told)
    here.work()
    with pytest.raises(ChordError, match="The header has not ended"):
        here.app.AsyncResult(body.id).get(timeout=LIMIT_S)


@pytest.mark.parametrize(("second", "expected"), [("add", 6), ("fail", "ChordError")])
def test_a_chord_that_celery_polls_for_is_ended(here: Place, second: str, expected: Any) -> None:
    results = [here.tasks.add.delay(1, 1), getattr(here.tasks, second).delay(2, 2)]
    body = here.tasks.total.s()
    body.freeze()
    told = {"result": [each.as_tuple() for each in results], "interval": 0.05}
    here.app.send_task("celery.chord_unlock", ("group", dict(body)), told)
    here.work()
    try:
        found = here.app.AsyncResult(body.id).get(timeout=LIMIT_S)
    except Exception as error:
        found = type(error).__name__
    assert found == expected
