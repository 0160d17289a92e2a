"""What Celery's users rely on and a re-implementation easily misses, one by one."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from umbel import Task, Umbel, states
from umbel.app.autoretry import backoff_s
from umbel.exceptions import Ignore, Reject, TimeLimitExceeded
from umbel.execution.runner import TaskRunner
from umbel.model import Action, Job, Outcome


class Telling(Task[..., Any]):
    """Keeps which of its hooks were called."""

    abstract = True
    heard: list[str]

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        self.heard.append("before_start")

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        self.heard.append("on_success")

    def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        self.heard.append("on_failure")

    def on_retry(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        self.heard.append("on_retry")

    def after_return(self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        self.heard.append(f"after_return {status}")


def outcome_of(app: Umbel, task: Any, args: Any = (), **options: Any) -> Outcome:
    """How a worker runs the call, without the worker."""
    task.apply_async(args, **options)
    message = app.transport.waiting.pop()  # type: ignore[attr-defined]
    return TaskRunner(app, "celery@test").run(Job(1, task.name, message.headers["id"], message))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, ["before_start", "on_success", "after_return SUCCESS"]),
        (ValueError("no"), ["before_start", "on_failure", "after_return FAILURE"]),
        (Reject("no"), ["before_start", "on_failure", "after_return FAILURE"]),
        (Reject("no", requeue=True), ["before_start"]),
        (Ignore(), ["before_start"]),
    ],
)
def test_hooks_are_called_for_ends_and_for_nothing_else(
    app: Umbel, error: BaseException | None, expected: list[str]
) -> None:
    @app.task(base=Telling, heard=[])
    def work() -> None:
        if error is not None:
            raise error

    outcome_of(app, work)
    assert work.heard == expected


def test_a_retry_is_no_return(app: Umbel) -> None:
    @app.task(base=Telling, heard=[], bind=True)
    def work(self: Any) -> None:
        self.retry(countdown=0)

    assert outcome_of(app, work).state == states.RETRY
    assert work.heard == ["before_start", "on_retry"]


@pytest.mark.parametrize("hook", ["on_success", "after_return"])
def test_a_hook_that_raises_does_not_change_the_outcome_except_eagerly(
    app: Umbel, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    def clumsy(self: Any, *_: Any) -> None:
        raise RuntimeError("a hook broke")

    @app.task(**{hook: clumsy})
    def work() -> int:
        return 3

    assert outcome_of(app, work).state == states.SUCCESS
    assert "A hook of task" in caplog.text
    with pytest.raises(RuntimeError, match="a hook broke"):
        work.apply()


def test_a_before_start_that_raises_is_a_failure(app: Umbel) -> None:
    def clumsy(self: Any, *_: Any) -> None:
        raise RuntimeError("not today")

    @app.task(before_start=clumsy)
    def work() -> None: ...

    assert outcome_of(app, work).state == states.FAILURE


def test_the_worker_tells_of_a_task_that_was_killed_at_its_hard_limit(app: Umbel) -> None:
    @app.task(base=Telling, heard=[])
    def work() -> None: ...

    work.delay()
    message = app.transport.waiting.pop()  # type: ignore[attr-defined]
    TaskRunner(app, "celery@test").lost(Job(1, work.name, message.headers["id"], message), TimeLimitExceeded(5))
    assert work.heard == ["on_failure", "after_return FAILURE"]


@pytest.mark.parametrize(
    ("options", "action"),
    [
        ({}, Action.ACK),
        ({"acks_on_failure": False}, Action.DEAD),
        ({"acks_on_failure_or_timeout": False}, Action.DEAD),
        ({"acks_on_failure_or_timeout": False, "acks_on_failure": True}, Action.ACK),
    ],
)
def test_a_failure_that_is_not_acknowledged_is_rejected(app: Umbel, options: Any, action: Action) -> None:
    @app.task(acks_late=True, **options)
    def fail() -> None:
        raise ValueError("no")

    outcome = outcome_of(app, fail)
    assert (outcome.state, outcome.action) == (states.FAILURE, action)


def test_retry_outside_of_a_worker_raises_what_it_was_given(app: Umbel) -> None:
    @app.task(bind=True)
    def work(self: Any, error: Any) -> None:
        self.retry(exc=error)

    with pytest.raises(OSError, match="no disk"):
        work(OSError("no disk"))


def test_a_retry_that_cannot_be_sent_is_rejected(app: Umbel) -> None:
    @app.task(bind=True)
    def work(self: Any) -> None:
        app.transport.errors.append(ValueError("refused"))  # type: ignore[attr-defined]
        self.retry(countdown=0)

    outcome = outcome_of(app, work)
    assert (outcome.state, outcome.action) == (states.FAILURE, Action.DEAD)


def test_the_limit_of_one_retry_holds_for_that_one(app: Umbel) -> None:
    @app.task(bind=True, max_retries=1)
    def work(self: Any, most: int | None) -> None:
        self.retry(countdown=0, max_retries=most, exc=OSError("given up"))

    assert outcome_of(app, work, (5,), retries=3).state == states.RETRY
    assert outcome_of(app, work, (None,), retries=3).state == states.FAILURE, "None is the task's own"
    assert work.max_retries == 1


def test_a_retry_keeps_everything_of_the_call(app: Umbel) -> None:
    @app.task(bind=True)
    def work(self: Any, x: int, y: int) -> None:
        self.retry(countdown=5)

    @app.task
    def after(_: Any) -> None: ...

    work.apply_async(
        (1,), {"y": 2}, task_id="3f1d", root_id="root", parent_id="parent", group_id="group", group_index=4,
        link=after.s(), link_error=after.s(), headers={"mine": 1}, priority=7, ignore_result=True, shadow="other",
        stamped_headers=["stamp"], stamp="s", time_limit=9, soft_time_limit=4, queue="q", reply_to="me",
        chain=[after.s()],
    )  # fmt: skip
    first = app.transport.waiting.pop()  # type: ignore[attr-defined]
    TaskRunner(app, "celery@test").run(Job(1, work.name, "3f1d", first))
    again = app.transport.waiting.pop()  # type: ignore[attr-defined]
    new = {"retries": 1, "eta": again.headers["eta"], "origin": first.headers["origin"]}
    assert again.headers == {**first.headers, **new}
    assert again.headers["eta"] is not None
    assert (again.queue, again.priority) == ("q", 7)
    assert again.properties == first.properties
    assert app.formats.decode(again) == app.formats.decode(first)


@pytest.mark.parametrize(("error", "state"), [(OSError, "RETRY"), (TimeoutError, "FAILURE"), (Ignore, "IGNORED")])
def test_what_is_never_retried_by_itself(app: Umbel, error: type[Exception], state: str) -> None:
    @app.task(autoretry_for=(Exception,), dont_autoretry_for=(TimeoutError,))
    def work() -> None:
        raise error

    assert outcome_of(app, work).state == state


@pytest.mark.parametrize(("retries", "expected"), [(0, 3), (1, 6), (2, 12), (10, 600)])
def test_backoff_doubles_up_to_the_maximum(retries: int, expected: int) -> None:
    assert backoff_s(3, retries, 600, jitter=False) == expected
    assert 0 <= backoff_s(3, retries, 600, jitter=True) <= expected


def test_jitter_reaches_both_ends() -> None:
    assert {backoff_s(1, 1, 600, jitter=True) for _ in range(500)} == {0, 1, 2}


@pytest.mark.parametrize(
    ("told", "own", "stored"), [(None, False, True), (None, True, False), (True, False, False), (False, True, True)]
)
def test_whether_a_result_is_ignored_is_the_callers_word_before_the_tasks(
    app: Umbel, told: bool | None, own: bool, stored: bool
) -> None:
    @app.task(ignore_result=own)
    def work() -> int:
        return 3

    options = {} if told is None else {"ignore_result": told}
    assert (outcome_of(app, work, **options).payload is not None) == stored


def test_failures_of_tasks_that_ignore_results_can_be_stored(app: Umbel) -> None:
    @app.task(ignore_result=True, store_errors_even_if_ignored=True)
    def work(fails: bool) -> None:
        if fails:
            raise ValueError("no")

    assert outcome_of(app, work, (True,)).payload is not None
    assert outcome_of(app, work, (False,)).payload is None


def test_the_text_of_a_result_is_cut_where_the_task_says(app: Umbel) -> None:
    @app.task(resultrepr_maxsize=20)
    def work() -> str:
        return "x" * 100

    assert len(outcome_of(app, work).summary) == 20


def test_an_extended_result_says_what_was_called(make_app: Any) -> None:
    app = make_app(result_extended=True)

    @app.task(name="proj.add")
    def add(x: int, y: int) -> int:
        return x + y

    outcome = outcome_of(app, add, (1,), kwargs={"y": 2}, stamped_headers=["stamp"], stamp="s", queue="q")
    record = app.formats.serializer("json").loads(outcome.payload or b"")
    said = {key: record[key] for key in ("name", "args", "kwargs", "worker", "retries", "queue", "stamp")}
    assert said == {
        "name": "proj.add", "args": [1], "kwargs": {"y": 2}, "worker": "celery@test", "retries": 0, "queue": "q",
        "stamp": "s",
    }  # fmt: skip


def test_eager_results_are_stored_where_that_is_asked_for(make_app: Any) -> None:
    app = make_app(task_always_eager=True)

    @app.task(store_eager_result=True)
    def stored() -> int:
        return 3

    @app.task(store_eager_result=True, ignore_result=True)
    def ignored() -> int:
        return 3

    @app.task
    def plain() -> int:
        return 3

    kept = stored.delay().id
    ignored.delay(), plain.delay()
    assert app.backend.history == [(kept, states.SUCCESS)]


def test_an_eager_error_stays_in_the_result_unless_it_shall_propagate(make_app: Any) -> None:
    app = make_app(task_always_eager=True)

    @app.task
    def fail() -> None:
        raise ValueError("no")

    assert fail.delay().state == states.FAILURE
    app.conf.task_eager_propagates = True
    with pytest.raises(ValueError, match="no"):
        fail.delay()


def test_an_errback_that_is_bound_takes_one_argument_or_is_not_known_here_is_sent(app: Umbel, run_worker: Any) -> None:
    heard, done = [], threading.Semaphore(0)

    @app.task(name="proj.one")
    def one(task_id: str) -> None:
        heard.append(("one", task_id))
        done.release()

    @app.task(name="proj.bound", bind=True)
    def bound(self: Any, task_id: str) -> None:
        heard.append(("bound", task_id))
        done.release()

    @app.task
    def fail() -> None:
        raise ValueError("no")

    run_worker(app)
    result = fail.apply_async(link_error=[one.s(), bound.s(), app.signature("proj.elsewhere", queue="elsewhere")])
    assert done.acquire(timeout=10)
    assert done.acquire(timeout=10)
    assert sorted(heard) == [("bound", result.id), ("one", result.id)]
    with app.transport.changed:  # type: ignore[attr-defined]
        waiting = app.transport.waiting  # type: ignore[attr-defined]
        assert app.transport.changed.wait_for(lambda: waiting, 10)  # type: ignore[attr-defined]
    assert [message.headers["task"] for message in waiting] == ["proj.elsewhere"]


def test_expected_exceptions_are_failures_without_noise(app: Umbel) -> None:
    @app.task(throws=(KeyError,))
    def work() -> None:
        raise KeyError("nothing")

    outcome = outcome_of(app, work)
    assert (outcome.state, outcome.expected) == (states.FAILURE, True)


def test_a_call_may_have_another_name_in_the_logs(app: Umbel) -> None:
    @app.task(shadow_name=lambda self, args, kwargs, options: f"work of {args[0]}")
    def work(who: str) -> None: ...

    work.delay("Ada")
    work.apply_async(("Ada",), shadow="something")
    assert [message.headers["shadow"] for message in app.transport.waiting] == ["work of Ada", "something"]  # type: ignore[attr-defined]


def test_the_texts_of_arguments_may_be_given(app: Umbel) -> None:
    app.send_task("proj.work", ("secret",), {"key": "secret"}, argsrepr="(…)", kwargsrepr="{…}")
    (message,) = app.transport.waiting  # type: ignore[attr-defined]
    assert (message.headers["argsrepr"], message.headers["kwargsrepr"]) == ("(…)", "{…}")


def test_the_request_knows_the_call(app: Umbel) -> None:
    seen: dict[str, Any] = {}

    @app.task(bind=True, name="proj.work")
    def work(self: Any, x: int) -> None:
        seen.update({name: getattr(self.request, name) for name in (*vars(self.request), "children")})

    outcome_of(app, work, (1,), task_id="3f1d", root_id="r", parent_id="p", group_id="g", queue="q", priority=4)
    assert (seen["id"], seen["root_id"], seen["parent_id"], seen["group"]) == ("3f1d", "r", "p", "g")
    assert (seen["args"], seen["kwargs"], seen["retries"], seen["called_directly"]) == ([1], {}, 0, False)
    assert (seen["hostname"], seen["correlation_id"], seen["reply_to"]) == ("celery@test", "3f1d", app.oid)
    assert seen["delivery_info"] == {"exchange": "", "routing_key": "q", "priority": 4, "redelivered": False}
    assert seen["children"] == []
