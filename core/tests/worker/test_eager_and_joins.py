"""Eager calls, and waiting for a task within a task: what is refused, and how it is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import Umbel, allow_join_result, states
from umbel.exceptions import AlwaysEagerIgnored, UnserializableArgument


def test_a_task_that_is_sent_by_its_name_stays_a_message_and_a_warning_says_so(make_app: Any) -> None:
    app = make_app(task_always_eager=True)
    with pytest.warns(AlwaysEagerIgnored, match=r"proj\.work"):
        result = app.send_task("proj.work")
    assert [message.headers["id"] for message in app.transport.waiting] == [result.id]


def test_what_could_not_be_sent_cannot_be_called_eagerly(make_app: Any) -> None:
    app = make_app(task_always_eager=True)

    @app.task
    def work(value: Any) -> None: ...

    with pytest.raises(UnserializableArgument):
        work.delay(object())


def test_arguments_arrive_as_from_a_message(make_app: Any) -> None:
    app = make_app(task_always_eager=True)

    @app.task
    def kind(value: Any) -> str:
        return type(value).__name__

    assert kind.delay((1, 2)).get() == "list"
    assert kind.apply(((1, 2),)).get() == "tuple", "apply calls the function here and now"


@pytest.mark.parametrize("how", ["option", "block"])
def test_waiting_within_a_task_can_be_allowed(app: Umbel, run_worker: Any, how: str) -> None:
    @app.task
    def outer(task_id: str) -> Any:
        result: Any = app.AsyncResult(task_id)
        if how == "option":
            return result.get(timeout=10, disable_sync_subtasks=False)
        with allow_join_result():
            return result.get(timeout=10)

    @app.task
    def inner() -> int:
        return 3

    run_worker(app)
    done = inner.delay()
    assert done.get(timeout=10) == 3
    assert outer.delay(done.id).get(timeout=10) == 3


def test_waiting_within_an_eager_call_is_refused_as_in_a_worker(make_app: Any) -> None:
    app = make_app(task_always_eager=True)

    @app.task
    def outer() -> Any:
        return app.AsyncResult("3f1d").get(timeout=1)

    result = outer.delay()
    assert result.state == states.FAILURE
    with pytest.raises(RuntimeError, match=r"Never call result\.get"):
        result.get()
