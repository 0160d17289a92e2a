"""What a worker answers, asked by a client over a broker."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel import Umbel
from umbel.contracts import Transport
from umbel.exceptions import DuplicateNodenameWarning, NotRegistered, UnsupportedError
from umbel.model import HeldTask
from umbel_conformance.worker import BareTransport, RecordingWorker, delivery
from umbel_control.node import ControlNode
from umbel_control.panel import PANEL, State, control_command, inspect_command

from .conftest import CastingTransport, answer_of


def task(task_id: str, started: float | None = None, held: bool = False, **headers: Any) -> HeldTask:
    leased = delivery({"id": task_id, "task": "proj.add", "argsrepr": "(1, 2)", **headers}, b"[[1, 2], {}, {}]")
    return HeldTask(task_id, "proj.add", leased, started, 4711 if started else None, bool(started), held)


@pytest.fixture
def control(app: Umbel, worker: RecordingWorker, listen: Callable[[RecordingWorker], ControlNode]) -> Any:
    worker.holding = [task("runs", 1000.0), task("waits"), task("later", held=True, eta="2030-01-01T00:00:00+00:00")]
    listen(worker)
    return app.control


def ask(control: Any, command: str, **arguments: Any) -> Any:
    return answer_of(control.broadcast(command, arguments, reply=True, limit=1, timeout=10))


def test_who_is_there(control: Any) -> None:
    assert control.ping(limit=1, timeout=10) == [{"celery@conformance": {"ok": "pong"}}]
    assert control.inspect(limit=1, timeout=10).ping() == {"celery@conformance": {"ok": "pong"}}


def test_a_destination_that_is_one_name_gets_one_answer(control: Any) -> None:
    assert control.inspect("celery@conformance", timeout=10).ping() == {"ok": "pong"}


def test_nobody_else_answers(control: Any) -> None:
    assert control.inspect(["celery@other"], timeout=0.2).ping() is None
    assert control.inspect(pattern="celery@c*", matcher="glob", limit=1, timeout=10).ping() is not None


def test_a_destination_must_be_a_list(control: Any) -> None:
    with pytest.raises(ValueError, match="must be a list or tuple of node names, found 'celery@a'"):
        control.ping(destination="celery@a")


def test_where_tasks_are(control: Any) -> None:
    inspect = control.inspect("celery@conformance", timeout=10)
    (active,) = inspect.active()
    assert (active["id"], active["name"], active["args"], active["kwargs"]) == ("runs", "proj.add", [1, 2], {})
    assert (active["time_start"], active["worker_pid"], active["acknowledged"]) == (1000.0, 4711, True)
    assert active["delivery_info"]["routing_key"] == "q"
    assert [each["id"] for each in inspect.reserved()] == ["waits"]
    (scheduled,) = inspect.scheduled()
    assert (scheduled["eta"], scheduled["request"]["id"]) == ("2030-01-01T00:00:00+00:00", "later")
    found = inspect.query_task("runs", "waits", "unknown")
    assert {task_id: place for task_id, (place, _) in found.items()} == {"runs": "active", "waits": "reserved"}
    assert inspect.active(safe=True)[0]["args"] == "(1, 2)"


def test_what_the_worker_is(control: Any, app: Umbel) -> None:
    app.conf.update(broker_url="casting://me:secret@host")
    inspect = app.control.inspect("celery@conformance", timeout=10)
    assert "proj.add [rate_limit=5/s]" in inspect.registered()
    assert [queue["name"] for queue in inspect.active_queues()] == ["q"]
    stats = inspect.stats()
    assert (stats["pool"]["implementation"], stats["pool"]["max-concurrency"]) == ("recording", 1)
    assert {"total", "pid", "clock", "uptime", "broker", "prefetch_count", "rusage"} <= stats.keys()
    assert "secret" not in str(inspect.conf())
    assert inspect.conf()["result_backend"] == "sharing://"
    assert "umbel:" in inspect.report()["ok"]
    assert inspect.memsample().endswith("MB")
    assert inspect.clock()["clock"] > 0
    assert inspect.hello("celery@other")["revoked"] == {}


def test_a_rate_limit_changes(control: Any, worker: RecordingWorker) -> None:
    assert ask(control, "rate_limit", task_name="proj.add", rate_limit="1/m") == {
        "ok": "new rate limit set successfully"
    }
    assert ask(control, "rate_limit", task_name="proj.add", rate_limit=0) == {"ok": "rate limit disabled successfully"}
    assert worker.changes == [("proj.add", {"rate_limit": "1/m"}), ("proj.add", {"rate_limit": 0})]


def test_what_cannot_change_is_answered_in_celerys_words(
    control: Any, worker: RecordingWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = {"unknown": NotRegistered("unknown"), "proj.add": ValueError("found 'x'")}

    def refuse(self: Any, name: str, **_: Any) -> None:
        raise errors[name]

    monkeypatch.setattr(RecordingWorker, "change_task", refuse)
    assert ask(control, "rate_limit", task_name="unknown", rate_limit="1/m") == {"error": "unknown task"}
    assert "Invalid rate limit" in ask(control, "rate_limit", task_name="proj.add", rate_limit="x")["error"]
    assert ask(control, "time_limit", task_name="unknown", soft=1) == {"error": "unknown task"}


def test_time_limits_change(control: Any, worker: RecordingWorker) -> None:
    assert "ok" in answer_of(control.time_limit("proj.add", soft=3, hard=5, reply=True, limit=1, timeout=10))
    assert worker.changes == [("proj.add", {"soft_time_limit": 3, "time_limit": 5})]


def test_queues_come_and_go(control: Any, worker: RecordingWorker) -> None:
    assert ask(control, "add_consumer", queue="more") == {"ok": "add consumer more"}
    assert worker.queues == ("q", "more")
    assert "already" in ask(control, "add_consumer", queue="more")["ok"]
    assert ask(control, "cancel_consumer", queue="q") == {"ok": "no longer consuming from q"}
    assert worker.queues == ("more",)


def test_a_queue_that_is_bound_in_a_special_way_is_refused(control: Any) -> None:
    answer = answer_of(control.add_consumer("more", exchange="media", reply=True, limit=1, timeout=10))
    assert "'media'" in answer["error"]
    assert "task_queues" in answer["error"]


def test_the_pool_grows_and_shrinks(control: Any, worker: RecordingWorker) -> None:
    assert ask(control, "pool_grow", n=3) == {"ok": "pool will grow"}
    assert worker.concurrency == 4
    assert ask(control, "pool_shrink") == {"ok": "pool will shrink"}
    assert worker.concurrency == 3
    worker.commands["autoscale"] = lambda max=None, min=None: f"{max},{min}"
    assert "autoscale" in ask(control, "pool_grow")["error"]
    assert ask(control, "autoscale", max=5, min=2) == {"ok": "5,2"}, "a boot step that answers goes before the panel"


def test_a_shutdown_is_asked_for(control: Any, worker: RecordingWorker) -> None:
    ask(control, "shutdown", msg="enough")
    assert worker.shutdowns == ["enough"]


@pytest.mark.parametrize(
    "command", ["autoscale", "pool_restart", "enable_events", "heartbeat", "election", "memdump", "objgraph"]
)
def test_what_is_not_here_is_refused(control: Any, command: str) -> None:
    assert ask(control, command)["error"]


def test_an_unknown_command_is_answered(control: Any) -> None:
    assert ask(control, "statz")["error"] == "there is no command 'statz' here; did you mean 'stats'?"


def test_wrong_arguments_are_an_answer(control: Any) -> None:
    assert "task_name" in ask(control, "rate_limit")["error"]


@pytest.fixture
def own_commands() -> Iterator[None]:
    before = dict(PANEL)
    yield
    PANEL.clear()
    PANEL.update(before)


@pytest.mark.usefixtures("own_commands")
def test_a_project_adds_commands_of_its_own(control: Any) -> None:
    @control_command(args=[("n", int)], signature="[N=1]", alias="more")
    def increase(state: State, n: int = 1) -> Any:
        """Increase something."""
        return {"ok": f"{state.hostname} by {n}"}

    @inspect_command
    def tasks_known(state: State) -> Any:
        return "proj.add" in state.app.tasks

    assert ask(control, "increase", n=2) == {"ok": "celery@conformance by 2"}
    assert ask(control, "more") == {"ok": "celery@conformance by 1"}
    assert ask(control, "tasks_known") is True
    assert (PANEL["increase"].kind, PANEL["increase"].help) == ("control", "Increase something.")
    assert PANEL["tasks_known"].kind == "inspect"


def test_without_reply_nobody_waits(control: Any, worker: RecordingWorker) -> None:
    assert control.pool_grow(2) is None
    assert control.broadcast("pool_grow", n=1) is None
    ask(control, "ping")
    assert worker.concurrency == 4


def test_answers_are_told_as_they_come(control: Any) -> None:
    heard: list[Any] = []
    control.broadcast("ping", reply=True, limit=1, timeout=10, callback=heard.append)
    assert heard == [{"celery@conformance": {"ok": "pong"}}]


def test_two_nodes_of_one_name_are_warned_of(
    app: Umbel, transport: Transport, listen: Callable[[RecordingWorker], ControlNode]
) -> None:
    for _ in range(2):
        listen(RecordingWorker(app=app, transport=transport, settings=app.conf))
    with pytest.warns(DuplicateNodenameWarning, match="celery@conformance"):
        app.control.inspect(limit=2, timeout=10).ping()


def test_many_threads_may_ask_at_once(control: Any) -> None:
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(control, "ping"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [{"ok": "pong"}] * 8


def test_a_transport_that_cannot_broadcast_is_named(app: Umbel) -> None:
    app.catalogue.register("transport", "bare", BareTransport)
    app.conf.broker_url = "bare://"
    with pytest.raises(UnsupportedError, match="'bare' cannot broadcast"):
        app.control.ping()


def test_a_worker_whose_transport_cannot_broadcast_hears_nothing_and_runs(app: Umbel) -> None:
    node = ControlNode()
    node.start(RecordingWorker(app=app, settings=app.conf))
    assert node.exchange == ""


def test_remote_control_can_be_switched_off(app: Umbel, worker: RecordingWorker) -> None:
    app.conf.worker_enable_remote_control = False
    node = ControlNode()
    node.start(worker)
    assert node.exchange == ""


def test_settings_of_a_queue_that_is_not_there_are_warned_of(app: Umbel, worker: RecordingWorker, caplog: Any) -> None:
    app.conf.control_queue_ttl = 60
    ControlNode().start(worker)
    assert [record.message.partition(" has")[0] for record in caplog.records] == ["The setting control_queue_ttl"]


def test_the_exchange_can_have_another_name(app: Umbel, worker: RecordingWorker) -> None:
    app.conf.control_exchange = "mine"
    node = ControlNode()
    node.start(worker)
    assert node.exchange == "mine.pidbox"
    app.control.broadcast("ping")
    assert app.control._exchange == "mine.pidbox"


def test_the_connection_goes_with_the_app(app: Umbel, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Any] = []
    monkeypatch.setattr(CastingTransport, "close", lambda self: closed.append(self))
    control = app.control
    control.broadcast("ping")
    assert app.control is control
    app.close()
    assert closed


def test_a_signal_may_be_named_as_people_do(control: Any, worker: RecordingWorker) -> None:
    for name in ("TERM", "sigterm", 15, "15"):
        ask(control, "terminate", signal=name, task_id=["runs"])
    assert worker.terminated == [(["runs"], signal.SIGTERM)] * 4
    assert "found 'LOUD'" in ask(control, "terminate", signal="LOUD", task_id=["runs"])["error"]
