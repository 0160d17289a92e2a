"""What becomes of a task whose process died, or was killed at its hard time limit."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import Umbel, states
from umbel.exceptions import TemporaryError, TimeLimitExceeded, WorkerLostError
from umbel.execution.runner import TaskRunner
from umbel.model import Action, Job, Outcome

DIED, TIMED_OUT = WorkerLostError("killed"), TimeLimitExceeded(5)


def lost(app: Umbel, error: BaseException, retries: int = 0, **options: Any) -> Outcome:
    @app.task(name="work", **options)
    def work() -> None: ...

    work.apply_async(task_id="1", retries=retries)
    message = app.transport.waiting.pop()  # type: ignore[attr-defined]
    return TaskRunner(app, "celery@test").lost(Job(1, "work", "1", message), error)


def sent_again(app: Umbel) -> list[int]:
    return [message.headers["retries"] for message in app.transport.waiting]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "options", "action", "state"),
    [
        (DIED, {}, Action.ACK, states.FAILURE),
        (DIED, {"acks_late": True}, Action.ACK, states.FAILURE),
        (DIED, {"acks_late": True, "reject_on_worker_lost": True}, Action.REQUEUE, states.RETRY),
        (DIED, {"reject_on_worker_lost": True}, Action.ACK, states.FAILURE),
        (DIED, {"acks_late": True, "acks_on_failure": False}, Action.DEAD, states.FAILURE),
        (TIMED_OUT, {"acks_late": True}, Action.ACK, states.FAILURE),
        (TIMED_OUT, {"acks_late": True, "acks_on_timeout": False}, Action.REQUEUE, states.RETRY),
        (TIMED_OUT, {"acks_on_timeout": False}, Action.ACK, states.FAILURE),
        (TIMED_OUT, {"acks_late": True, "reject_on_worker_lost": True}, Action.ACK, states.FAILURE),
        (TIMED_OUT, {"retry_on_worker_lost": True}, Action.ACK, states.FAILURE),
        (TIMED_OUT, {"acks_late": True, "acks_on_failure": False}, Action.ACK, states.FAILURE),
    ],
)
def test_what_the_options_say_is_done(
    app: Umbel, error: BaseException, options: dict[str, Any], action: Action, state: str
) -> None:
    outcome = lost(app, error, **options)
    assert (outcome.action, outcome.state, outcome.lost) == (action, state, True)
    assert (outcome.payload is not None) == (state == states.FAILURE), "a failure is always told to who waits for it"
    assert sent_again(app) == []


@pytest.mark.parametrize("late", [True, False])
def test_one_that_is_retried_is_sent_again_and_that_is_told(app: Umbel, late: bool) -> None:
    told = []

    class Telling(app.Task):  # type: ignore[name-defined,misc]
        def on_retry(self, exc: Any, task_id: str, *args: Any) -> None:
            told.append((exc, task_id, self.request.retries))

        def on_failure(self, *args: Any) -> None:
            told.append(args)

    outcome = lost(app, DIED, base=Telling, retry_on_worker_lost=True, reject_on_worker_lost=True, acks_late=late)
    assert (outcome.action, outcome.state) == (Action.ACK, states.RETRY)
    assert b"WorkerLostError" in (outcome.payload or b"")
    assert sent_again(app) == [1]
    assert told == [(DIED, "1", 0)]


def test_after_its_last_retry_it_has_failed_and_is_not_put_back(app: Umbel) -> None:
    outcome = lost(app, DIED, 2, retry_on_worker_lost=True, reject_on_worker_lost=True, acks_late=True, max_retries=2)
    assert (outcome.action, outcome.state) == (Action.ACK, states.FAILURE)
    assert sent_again(app) == []


def test_one_that_cannot_be_sent_again_is_put_back_if_that_may_be(app: Umbel) -> None:
    app.conf.task_publish_retry = False
    options: dict[str, Any] = {"retry_on_worker_lost": True, "reject_on_worker_lost": True, "acks_late": True}

    @app.task(name="work", **options)
    def work() -> None: ...

    work.apply_async(task_id="1")
    job = Job(1, "work", "1", app.transport.waiting.pop())  # type: ignore[attr-defined]
    app.transport.errors.append(TemporaryError("away"))  # type: ignore[attr-defined]
    assert TaskRunner(app, "celery@test").lost(job, DIED).action is Action.REQUEUE


def test_a_message_that_nobody_can_read_is_kept(app: Umbel) -> None:
    @app.task(name="work")
    def work() -> None: ...

    work.apply_async(task_id="1")
    message = app.transport.waiting.pop()  # type: ignore[attr-defined]
    message.body = b"no JSON"
    outcome = TaskRunner(app, "celery@test").lost(Job(1, "work", "1", message), DIED)
    assert (outcome.action, outcome.state) == (Action.DEAD, states.FAILURE)
