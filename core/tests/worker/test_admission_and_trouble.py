"""What does not come to run, or not at once; and brokers and backends that are away."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from umbel import Umbel, clock, states
from umbel.exceptions import NotRegistered, PermanentError, TaskRevokedError, TemporaryError
from umbel.model import Action, Message
from umbel.solo import SoloPool
from umbel.worker import Worker


def _actions(app: Umbel) -> list[Action]:
    return [settlement.action for settlement in app.transport.settled]  # type: ignore[attr-defined]


def test_a_task_that_nobody_knows_is_a_failure_and_its_message_is_kept(app: Umbel, run_worker: Any) -> None:
    run_worker(app)
    result = app.send_task("proj.unknown", (1,))

    with pytest.raises(NotRegistered):
        result.get(timeout=10)
    _settled(app, 1)
    (letter,) = app.transport.admin().dead("celery")
    assert "proj.unknown" in letter.reason


@pytest.mark.parametrize("acks_late", [True, False])
def test_a_body_that_cannot_be_decoded_is_a_failure_and_its_message_is_kept(
    app: Umbel, run_worker: Any, acks_late: bool
) -> None:
    @app.task(acks_late=acks_late)
    def add(x: int) -> int:
        return x

    run_worker(app)
    headers = {"task": add.name, "id": "poison", "lang": "py"}
    app.transport.publish([Message("celery", b'[[1], {}, {"callb', headers)])

    with pytest.raises(Exception, match="not JSON"):
        app.AsyncResult("poison").get(timeout=10)
    assert add.delay(1).get(timeout=10) == 1
    _settled(app, 2)
    (letter,) = app.transport.admin().dead("celery")
    assert "cannot be decoded" in letter.reason
    assert letter.message.body == b'[[1], {}, {"callb'


def test_content_that_is_not_accepted_is_refused_and_kept(app: Umbel, run_worker: Any) -> None:
    @app.task
    def add(x: int) -> int:
        return x

    run_worker(app)
    headers = {"task": add.name, "id": "pickled"}
    message = Message("celery", b"\x80\x04.", headers, content_type="application/x-python-serialize")
    app.transport.publish([message])

    with pytest.raises(Exception, match="not accepted"):
        app.AsyncResult("pickled").get(timeout=10)


@pytest.mark.parametrize("headers", [{}, {"task": "x"}, {"id": "y"}, {"task": 3, "id": "z"}])
def test_a_message_that_is_no_task_is_kept_and_the_worker_goes_on(app: Umbel, run_worker: Any, headers: Any) -> None:
    @app.task
    def add(x: int) -> int:
        return x

    run_worker(app)
    app.transport.publish([Message("celery", b"{}", headers)])

    assert add.delay(1).get(timeout=10) == 1
    _settled(app, 2)
    assert len(app.transport.admin().dead("celery")) == 1


def test_a_message_above_the_size_limit_is_refused_on_receipt(make_app: Any, run_worker: Any) -> None:
    app = make_app(broker_message_max_bytes=100)

    @app.task
    def add(x: int) -> int:
        return x

    run_worker(app)
    app.transport.publish([Message("celery", b"[" + b" " * 200 + b"]", {"task": add.name, "id": "big"})])

    with pytest.raises(Exception, match="202 bytes"):
        app.AsyncResult("big").get(timeout=10)


def test_an_expired_task_is_revoked_and_does_not_run(app: Umbel, run_worker: Any) -> None:
    runs = []

    @app.task
    def late() -> None:
        runs.append(1)

    result = late.apply_async(expires=-5)
    run_worker(app)

    with pytest.raises(TaskRevokedError):
        result.get(timeout=10)
    assert result.state == states.REVOKED
    assert runs == []


def test_a_task_that_comes_before_its_eta_goes_back_until_then(app: Umbel, run_worker: Any) -> None:
    @app.task
    def early() -> str:
        return "now"

    # As a Celery client does: the eta is in the headers, and the broker knows nothing of it.
    result = early.apply_async(countdown=0.3)
    (message,) = app.transport.waiting  # type: ignore[attr-defined]
    due, message.due = message.due, None
    run_worker(app)

    assert result.get(timeout=10) == "now"
    requeued = [s for s in app.transport.settled if s.action is Action.REQUEUE]  # type: ignore[attr-defined]
    assert requeued[0].due == pytest.approx(due)
    assert clock.time() >= due


def test_a_message_of_protocol_1_is_run(app: Umbel, run_worker: Any) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    run_worker(app)
    body = (
        b'{"task": "%s", "id": "old", "args": [2], "kwargs": {"y": 5}, "retries": 0, "eta": null}' % add.name.encode()
    )
    app.transport.publish([Message("celery", body, {})])

    assert app.AsyncResult("old").get(timeout=10) == 7


def test_results_are_stored_once_the_backend_is_back(app: Umbel, run_worker: Any) -> None:
    @app.task(acks_late=True)
    def add(x: int) -> int:
        return x

    app.backend.errors += [TemporaryError("away"), TemporaryError("still away")]  # type: ignore[union-attr]
    run_worker(app)

    assert add.delay(4).get(timeout=10) == 4


def test_a_late_task_whose_result_is_refused_for_good_is_kept(app: Umbel, run_worker: Any) -> None:
    @app.task(acks_late=True)
    def add(x: int) -> int:
        return x

    app.backend.errors += [PermanentError("too large")] * 3  # type: ignore[union-attr]
    run_worker(app)
    add.delay(4)
    _settled(app, 1)

    (letter,) = app.transport.admin().dead("celery")
    assert "could not be stored: too large" in letter.reason


def test_a_stopping_worker_puts_back_what_has_not_begun(app: Umbel, run_worker: Any) -> None:
    begun, release = threading.Event(), threading.Event()

    @app.task(acks_late=True)
    def hold(n: int) -> int:
        begun.set()
        release.wait(10)
        return n

    for n in range(4):
        hold.delay(n)
    worker = run_worker(app)
    assert begun.wait(10)
    worker.stop("the test")
    release.set()
    worker.thread.join(10)

    assert len(app.transport.waiting) == 3  # type: ignore[attr-defined]
    assert len(app.backend.records) == 1  # type: ignore[union-attr]


def _settled(app: Umbel, count: int) -> None:
    transport: Any = app.transport
    with transport.changed:
        assert transport.changed.wait_for(lambda: len(transport.settled) >= count, 10)


def test_a_pool_that_fails_for_good_ends_the_worker_and_gives_everything_back(app: Umbel) -> None:
    class Broken(SoloPool):
        contract_version = 1

        def events(self, timeout_s: float | None) -> Any:
            events = super().events(timeout_s)
            if events:
                raise PermanentError("no process can be started")
            return events

    @app.task(acks_late=True)
    def work() -> None: ...

    app.catalogue.register("pool", "broken", Broken)
    work.delay()
    transport: Any = app.transport
    worker = Worker(app, pool="broken", concurrency=1)

    assert worker.run(handle_signals=False) == 1
    assert len(transport.waiting) == 1
