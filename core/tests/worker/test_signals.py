"""Celery's signals: who sends them, and with what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from umbel import Umbel, signals, states
from umbel.exceptions import Ignore, Reject
from umbel.execution.runner import TaskRunner
from umbel.model import Job
from umbel.signals import Signal

ALL = {name: found for name, found in vars(signals).items() if isinstance(found, Signal)}


class Heard:
    """What was sent while it listened: names and arguments, in order."""

    def __init__(self) -> None:
        self.everything: list[tuple[str, dict[str, Any]]] = []
        for name, signal in ALL.items():
            signal.connect(self._hear, dispatch_uid=(id(self), name))

    def _hear(self, signal: Signal, **named: Any) -> None:
        self.everything.append((str(signal.name), named))

    def close(self) -> None:
        for name, signal in ALL.items():
            signal.disconnect(dispatch_uid=(id(self), name))

    def names(self, *wanted: str) -> list[str]:
        return [name for name, _ in self.everything if not wanted or name in wanted]

    def __getitem__(self, name: str) -> dict[str, Any]:
        return next(named for known, named in self.everything if known == name)


@pytest.fixture
def heard() -> Iterator[Heard]:
    listening = Heard()
    yield listening
    listening.close()


def run(app: Umbel, run_worker: Any, result: Any) -> None:
    worker = run_worker(app)
    result.get(timeout=10, propagate=False)
    worker.stop()
    worker.thread.join(10)


RUN = ("task_received", "task_prerun", "task_postrun", "task_success", "task_failure", "task_retry")


def test_a_success_is_told_from_the_call_to_the_end(app: Umbel, run_worker: Any, heard: Heard) -> None:
    @app.task(name="proj.add")
    def add(x: int, y: int) -> int:
        return x + y

    result = add.delay(1, y=2)
    run(app, run_worker, result)
    assert [name for name in heard.names() if "publish" in name or name in RUN] == [
        "before_task_publish", "after_task_publish", "task_received", "task_prerun", "task_success", "task_postrun",
    ]  # fmt: skip
    sent = heard["before_task_publish"]
    assert (sent["sender"], sent["body"][:2], sent["routing_key"]) == ("proj.add", ((1,), {"y": 2}), "celery")
    assert sent["headers"]["id"] == heard["after_task_publish"]["headers"]["id"] == result.id
    assert {"exchange", "properties", "declare", "retry_policy"} <= sent.keys()
    request = heard["task_received"]["request"]
    assert (request.id, request.name, request.retries) == (result.id, "proj.add", 0)
    about = {"sender": add, "task": add, "task_id": result.id, "args": [1], "kwargs": {"y": 2}}
    assert heard["task_prerun"] == about
    assert heard["task_postrun"] == {**about, "retval": 3, "state": states.SUCCESS}
    told = heard["task_success"]
    assert (told["sender"], told["result"]) == (add, 3)
    assert 0 <= told["runtime"] < 60


def test_a_failure_brings_what_was_raised(app: Umbel, run_worker: Any, heard: Heard) -> None:
    @app.task
    def fail(why: str) -> None:
        raise ValueError(why)

    result = fail.delay("so")
    run(app, run_worker, result)
    told = heard["task_failure"]
    assert (told["sender"], told["task_id"], told["args"], told["kwargs"]) == (fail, result.id, ["so"], {})
    assert str(told["exception"]) == "so"
    assert told["traceback"] is told["exception"].__traceback__
    assert "ValueError: so" in told["einfo"].traceback
    assert heard["task_postrun"]["state"] == states.FAILURE


def test_a_retry_is_told_as_one(app: Umbel, run_worker: Any, heard: Heard) -> None:
    @app.task(bind=True)
    def again(self: Any) -> int:
        if self.request.retries == 0:
            raise self.retry(countdown=0, exc=OSError("no disk"))
        return 1

    result = again.delay()
    run(app, run_worker, result)
    told = heard["task_retry"]
    assert (told["sender"], told["request"].id, told["reason"].excs) == (again, result.id, "OSError('no disk')")
    assert told["einfo"] is not None
    assert heard.names("task_retry", "task_success", "task_failure") == ["task_retry", "task_success"]


@pytest.mark.parametrize(
    ("error", "expected"), [(Ignore(), []), (Reject("no"), ["task_failure"]), (Reject("no", requeue=True), [])]
)
def test_what_is_ignored_is_told_as_nothing_and_what_is_rejected_for_good_as_a_failure(
    app: Umbel, heard: Heard, error: BaseException, expected: list[str]
) -> None:
    @app.task
    def work() -> None:
        raise error

    work.apply()
    assert heard.names("task_retry", "task_success", "task_failure") == expected


def test_an_expired_task_is_told_as_revoked(app: Umbel, run_worker: Any, heard: Heard) -> None:
    @app.task
    def work() -> None: ...

    result = work.apply_async(expires=-1)
    run(app, run_worker, result)
    told = heard["task_revoked"]
    assert (told["request"].id, told["terminated"], told["signum"], told["expired"]) == (result.id, False, None, True)
    assert "task_received" not in heard.names()


def test_an_unknown_task_and_a_message_that_is_none_are_told(app: Umbel, run_worker: Any, heard: Heard) -> None:
    result = app.send_task("proj.nobody")
    app.transport.waiting.append(_no_task(app))  # type: ignore[attr-defined]
    run(app, run_worker, result)
    unknown, rejected = heard["task_unknown"], heard["task_rejected"]
    assert (unknown["name"], unknown["id"], unknown["message"].queue) == ("proj.nobody", result.id, "celery")
    assert type(unknown["exc"]).__name__ == "NotRegistered"
    assert (rejected["message"].body, type(rejected["exc"]).__name__) == (b"[]", "DecodeError")


def _no_task(app: Umbel) -> Any:
    app.send_task("proj.other")
    message = app.transport.waiting.pop()  # type: ignore[attr-defined]
    message.headers, message.body = {"lang": "py"}, b"[]"
    return message


def test_what_goes_wrong_around_a_task_is_told(app: Umbel, heard: Heard) -> None:
    @app.task(name="proj.work")
    def work() -> None: ...

    work.delay()
    message = app.transport.waiting.pop()  # type: ignore[attr-defined]
    runner = TaskRunner(app, "celery@test")
    runner._outcome = None  # type: ignore[assignment,method-assign]  # a mistake of ours
    outcome = runner.run(Job(1, "proj.work", message.headers["id"], message))
    told = heard["task_internal_error"]
    assert outcome.state == states.FAILURE
    assert (told["sender"], told["task_id"], told["args"], told["kwargs"]) == (work, message.headers["id"], [], {})
    assert (told["request"].id, type(told["exception"])) == (told["task_id"], TypeError)
    assert told["traceback"] is not None
    assert "TypeError" in told["einfo"].traceback


def test_a_worker_tells_of_its_life(app: Umbel, run_worker: Any, heard: Heard) -> None:
    @app.task
    def work() -> None: ...

    run(app, run_worker, work.delay())
    assert [name for name in heard.names() if name.startswith(("worker_", "celeryd_", "import_"))] == [
        "celeryd_init", "import_modules", "celeryd_after_setup", "worker_init", "worker_ready", "worker_shutting_down",
        "worker_shutdown",
    ]  # fmt: skip
    assert heard["celeryd_init"].keys() == {"sender", "instance", "conf", "options"}
    assert heard["celeryd_after_setup"]["conf"] is app.conf
    told = heard["worker_shutting_down"]
    assert (told["sig"], told["how"], told["exitcode"]) == ("stop()", "Warm", 0)
    assert heard["worker_ready"]["sender"] is heard["celeryd_init"]["instance"]


def test_a_process_of_a_pool_tells_of_its_beginning_and_its_end(app: Umbel, heard: Heard) -> None:
    runner = TaskRunner(app, "celery@test")
    runner.process_started()
    runner.process_stopping()
    assert heard["worker_process_init"]["sender"] == "celery@test"
    assert heard["worker_process_shutdown"].keys() == {"sender", "pid", "exitcode"}


def test_a_receiver_that_raises_disturbs_nobody(app: Umbel, caplog: pytest.LogCaptureFixture) -> None:
    def clumsy(**_: Any) -> None:
        raise RuntimeError("oh")

    @app.task
    def work() -> int:
        return 3

    signals.task_prerun.connect(clumsy)
    try:
        assert work.apply().get() == 3
    finally:
        signals.task_prerun.disconnect(clumsy)
    assert "task_prerun raised" in caplog.text


def test_a_receiver_hears_the_sender_that_it_wants_once_until_it_is_taken_away() -> None:
    signal, heard = Signal(name="s"), []

    def hear(sender: Any, **_: Any) -> str:
        heard.append(sender)
        return "heard"

    signal.connect(hear, sender="a")
    signal.connect(hear, sender="a")
    signal.send("b")
    assert signal.send("a") == [(hear, "heard")]
    assert signal.disconnect(hear, sender="a")
    assert not signal.disconnect(hear, sender="a")
    signal.send("a")
    assert heard == ["a"]


def test_a_receiver_is_held_weakly_where_that_is_asked_for() -> None:
    signal, heard = Signal(name="s"), []

    class Listener:
        def hear(self, **_: Any) -> None:
            heard.append(self)

    listener = Listener()
    signal.connect(listener.hear, weak=True)
    del listener
    signal.send(None)
    assert heard == []
