"""A task on its way through a worker: every end it can take, and what the broker and the backend hear of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from umbel import Umbel, states
from umbel.exceptions import Ignore, Reject
from umbel.model import Action


def _actions(app: Umbel) -> list[Action]:
    return [settlement.action for settlement in app.transport.settled]  # type: ignore[attr-defined]


def test_a_task_runs_and_its_result_comes_back(app: Umbel, run_worker: Any) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    run_worker(app)
    result = add.delay(2, 3)

    assert result.get(timeout=10) == 5
    assert result.state == states.SUCCESS
    assert result.successful()


def test_an_early_task_is_acknowledged_when_it_starts(app: Umbel, run_worker: Any) -> None:
    settled_inside = []
    gone = threading.Event()

    @app.task
    def look() -> None:
        gone.wait(10)
        settled_inside.extend(_actions(app))

    run_worker(app)
    result = look.delay()
    with app.transport.changed:  # type: ignore[attr-defined]
        app.transport.changed.wait_for(lambda: app.transport.settled, 10)  # type: ignore[attr-defined]
    gone.set()
    result.get(timeout=10)

    assert settled_inside == [Action.ACK]


def test_a_late_task_is_acknowledged_after_its_result_is_stored(app: Umbel, run_worker: Any) -> None:
    stored_before_ack = []
    settle = app.transport.settle

    def spy(settlements: Any) -> Any:
        stored_before_ack.extend(app.backend.history)  # type: ignore[union-attr]
        return settle(settlements)

    app.transport.settle = spy  # type: ignore[method-assign]

    @app.task(acks_late=True)
    def work() -> str:
        assert not app.transport.settled  # type: ignore[attr-defined]
        return "done"

    worker = run_worker(app)
    result = work.delay()
    assert result.get(timeout=10) == "done"
    worker.stop()
    worker.thread.join(10)

    assert stored_before_ack == [(result.id, states.SUCCESS)]
    assert _actions(app) == [Action.ACK]


def test_what_a_task_raises_reaches_the_caller_with_type_arguments_and_traceback(app: Umbel, run_worker: Any) -> None:
    @app.task
    def fail() -> None:
        raise LookupError("nothing", 3)

    run_worker(app)
    result = fail.delay()

    with pytest.raises(LookupError) as caught:
        result.get(timeout=10)
    assert caught.value.args == ("nothing", 3)
    assert "in fail" in (result.traceback or "")
    assert result.failed()


def test_a_task_that_exits_the_interpreter_is_a_failure_and_the_worker_lives(app: Umbel, run_worker: Any) -> None:
    @app.task
    def leave() -> None:
        raise SystemExit(3)

    @app.task
    def stay() -> str:
        return "here"

    run_worker(app)
    with pytest.raises(SystemExit):
        leave.delay().get(timeout=10)

    assert stay.delay().get(timeout=10) == "here"


def test_a_result_that_cannot_be_encoded_is_a_failure_that_says_so(app: Umbel, run_worker: Any) -> None:
    @app.task
    def give() -> Any:
        return object()

    run_worker(app)
    with pytest.raises(TypeError, match="give returned what 'json' cannot encode"):
        give.delay().get(timeout=10)


def test_an_exception_that_cannot_be_encoded_is_recorded_by_its_repr(app: Umbel, run_worker: Any) -> None:
    @app.task
    def fail() -> None:
        raise ValueError({1, 2})

    run_worker(app)
    with pytest.raises(ValueError, match=r"\{1, 2\}"):
        fail.delay().get(timeout=10)


def test_a_retried_task_runs_again_under_the_same_id(app: Umbel, run_worker: Any) -> None:
    seen = []

    @app.task(bind=True, max_retries=3)
    def again(self: Any, word: str) -> str:
        seen.append((self.request.id, self.request.retries))
        if self.request.retries < 2:
            raise self.retry(countdown=0)
        return word

    run_worker(app)
    result = again.delay("well")

    assert result.get(timeout=10) == "well"
    assert seen == [(result.id, 0), (result.id, 1), (result.id, 2)]


def test_a_task_that_is_out_of_retries_raises_what_it_was_given(app: Umbel, run_worker: Any) -> None:
    @app.task(bind=True, max_retries=1, default_retry_delay=0)
    def hopeless(self: Any) -> None:
        try:
            raise OSError("no disk")
        except OSError as error:
            raise self.retry(exc=error) from error

    run_worker(app)
    with pytest.raises(OSError, match="no disk"):
        hopeless.delay().get(timeout=10)


def test_autoretry_tries_again_by_itself(app: Umbel, run_worker: Any) -> None:
    tries = []

    @app.task(autoretry_for=(OSError,), retry_kwargs={"max_retries": 2, "countdown": 0})
    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return len(tries)

    run_worker(app)

    assert flaky.delay().get(timeout=10) == 3


def test_an_ignored_task_leaves_no_result_and_is_acknowledged(app: Umbel, run_worker: Any) -> None:
    @app.task(acks_late=True)
    def skip() -> None:
        raise Ignore

    @app.task
    def last() -> None: ...

    run_worker(app)
    result = skip.delay()
    last.delay().get(timeout=10)

    _settled(app, 2)
    assert result.state == states.PENDING
    assert _actions(app) == [Action.ACK, Action.ACK]


def test_a_rejected_task_is_kept_with_its_reason(app: Umbel, run_worker: Any) -> None:
    @app.task(acks_late=True)
    def refuse() -> None:
        raise Reject("not my kind of work")

    run_worker(app)
    with pytest.raises(Reject):
        refuse.delay().get(timeout=10)
    _settled(app, 1)

    (letter,) = app.transport.admin().dead("celery")
    assert letter.reason == "not my kind of work"


def test_a_task_that_rejects_with_requeue_comes_again(app: Umbel, run_worker: Any) -> None:
    runs = []

    @app.task(acks_late=True)
    def twice() -> int:
        runs.append(1)
        if len(runs) == 1:
            raise Reject("later", requeue=True)
        return len(runs)

    run_worker(app)

    assert twice.delay().get(timeout=10) == 2


def test_track_started_stores_who_runs_the_task(app: Umbel, run_worker: Any) -> None:
    @app.task(track_started=True)
    def slow() -> None: ...

    run_worker(app)
    result = slow.delay()
    result.get(timeout=10)

    assert app.backend.history == [(result.id, states.STARTED), (result.id, states.SUCCESS)]  # type: ignore[union-attr]


def test_a_task_can_store_a_state_of_its_own(app: Umbel, run_worker: Any) -> None:
    @app.task(bind=True)
    def report(self: Any) -> None:
        self.update_state(state="PROGRESS", meta={"done": 3})

    run_worker(app)
    result = report.delay()
    result.get(timeout=10)

    assert app.backend.history[0] == (result.id, "PROGRESS")  # type: ignore[union-attr]


def test_ignore_result_stores_nothing_and_get_returns_at_once(app: Umbel, run_worker: Any) -> None:
    ran = threading.Event()

    @app.task(ignore_result=True)
    def quiet() -> int:
        ran.set()
        return 3

    run_worker(app)
    result = quiet.delay()

    assert result.get() is None
    assert ran.wait(10)
    assert app.backend.records == {}  # type: ignore[union-attr]


def test_link_and_link_error_follow(app: Umbel, run_worker: Any) -> None:
    heard: list[Any] = []
    done = threading.Semaphore(0)

    @app.task
    def note(value: Any) -> None:
        heard.append(value)
        done.release()

    @app.task
    def blame(request: Any, error: Any, traceback: Any) -> None:
        heard.append((request.id, str(error)))
        done.release()

    @app.task
    def divide(x: int, y: int) -> float:
        return x / y

    run_worker(app)
    divide.apply_async((6, 3), link=note.s())
    assert done.acquire(timeout=10)
    failed = divide.apply_async((6, 0), link_error=blame.s())
    assert done.acquire(timeout=10)

    assert heard == [2.0, (failed.id, "division by zero")]


def test_the_rest_of_a_chain_fails_with_the_step_that_failed(app: Umbel, run_worker: Any) -> None:
    @app.task
    def fail() -> None:
        raise ValueError("no")

    run_worker(app)
    steps = [fail.si().set(task_id="last"), fail.si().set(task_id="second"), fail.si()]
    fail.apply_async(chain=steps)

    with pytest.raises(ValueError, match="no"):
        app.AsyncResult("last").get(timeout=10)
    assert app.AsyncResult("second").state == states.FAILURE


def test_a_chord_that_nobody_here_counts_is_named_once(
    make_app: Any, run_worker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(plugins_disabled=["api:chord"])

    @app.task
    def part() -> int:
        return 1

    run_worker(app)
    body = {"task": "proj.collect", "args": [], "kwargs": {}, "options": {"task_id": "3f1d"}, "subtask_type": None}
    for _ in range(2):
        part.apply_async(chord=body, group_id="nine lives").get(timeout=10)

    said = [record.getMessage() for record in caplog.records if "nine lives" in record.getMessage()]
    assert len(said) == 1
    assert "proj.collect" in said[0]
    assert "umbel.chord" in said[0]


def test_what_a_signature_brings_does_not_count_for_how_an_errback_is_called(app: Umbel, run_worker: Any) -> None:
    heard: list[Any] = []
    done = threading.Semaphore(0)

    @app.task
    def blame(who: Any, text: str) -> None:
        heard.append((who, text))
        done.release()

    @app.task
    def blame_all(*who: Any) -> None:
        heard.append(len(who))
        done.release()

    @app.task
    def fail() -> None:
        raise ValueError("no")

    run_worker(app)
    first = fail.apply_async(link_error=blame.s(text="first"))
    assert done.acquire(timeout=10)
    fail.apply_async(link_error=blame_all.s())
    assert done.acquire(timeout=10)

    assert heard == [(first.id, "first"), 3]


def test_what_a_task_sends_are_its_children(app: Umbel, run_worker: Any) -> None:
    @app.task
    def child() -> str:
        return "c"

    @app.task
    def parent() -> str:
        return child.delay().id

    run_worker(app)
    result = parent.delay()
    child_id = result.get(timeout=10)

    assert [c.id for c in result.children] == [child_id]
    assert child.AsyncResult(child_id).get(timeout=10) == "c"


def test_waiting_for_a_result_inside_a_task_is_refused(app: Umbel, run_worker: Any) -> None:
    @app.task
    def inner() -> None: ...

    @app.task
    def outer() -> None:
        inner.delay().get(timeout=5)

    run_worker(app)
    with pytest.raises(RuntimeError, match=r"Never call result\.get"):
        outer.delay().get(timeout=10)


def _settled(app: Umbel, count: int) -> None:
    transport: Any = app.transport
    with transport.changed:
        assert transport.changed.wait_for(lambda: len(transport.settled) >= count, 10)
