"""Remote control of either kind of worker by either kind of client."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from harness.parties import LIMIT_S, Client, Worker, noted

pytestmark = pytest.mark.needs("umbel-control")


@pytest.fixture(autouse=True)
def listening(client: Client) -> None:
    """A worker of Umbel's may listen a moment after it is ready."""
    deadline = time.monotonic() + LIMIT_S
    while client.ask("control", command="ping", timeout=1) is None:
        assert time.monotonic() < deadline, "nobody answers"


def ask(client: Client, command: str, **arguments: Any) -> Any:
    return client.ask("control", command=command, **arguments)


def hold(client: Client, worker: Worker, folder: Path, name: str) -> str:
    """A task that runs until it is told to go on; its id, once it runs."""
    id = client.send("interop.hold", str(folder / name), str(folder / f"{name}-go"))
    worker.until(lambda: bool(noted(folder / name)), "a running task")
    return id


def test_a_ping_is_answered(client: Client) -> None:
    assert ask(client, "ping") == {"ok": "pong"}


def test_a_worker_tells_what_it_is(client: Client, worker: Worker) -> None:
    stats = client.ask("inspect", words=["stats"])
    assert stats["pid"] == worker.process.pid
    assert stats["pool"]["max-concurrency"] >= 2
    assert stats["broker"]["transport"] in ("redis", "amqp")
    assert {"total", "prefetch_count", "rusage", "uptime", "clock"} <= stats.keys()
    assert "interop.add" in client.ask("inspect", words=["registered"])
    assert [queue["name"] for queue in client.ask("inspect", words=["active_queues"])] == ["celery"]
    assert client.ask("inspect", words=["conf"])
    assert client.ask("inspect", words=["scheduled"]) == []
    assert client.ask("inspect", words=["clock"])["clock"] > 0
    assert "ok" in client.ask("inspect", words=["report"])


def test_a_running_task_is_seen_and_terminated(client: Client, worker: Worker, tmp_path: Path) -> None:
    id = hold(client, worker, tmp_path, "held")
    active = {task["id"]: task for task in client.ask("inspect", words=["active"])}
    assert active[id]["name"] == active[id]["type"] == "interop.hold"
    assert active[id]["args"][0] == str(tmp_path / "held")
    assert active[id]["delivery_info"]["routing_key"] == "celery"
    assert isinstance(active[id]["worker_pid"], int)
    assert client.ask("inspect", words=["query_task", id])[id][0] == "active"
    assert id in ask(client, "terminate", signal="SIGKILL", task_id=id)["ok"]
    found = client.get(id)
    assert (found["error"], found["text"], found["state"]) == ("TaskRevokedError", "terminated", "REVOKED")


def test_a_task_that_has_not_begun_is_revoked(client: Client, worker: Worker) -> None:
    id = client.send("interop.add", 1, 2, countdown=3)
    client.ask("revoke", id=id)
    found = client.get(id)
    assert (found["error"], found["text"], found["state"]) == ("TaskRevokedError", "revoked", "REVOKED")
    assert id in client.ask("inspect", words=["revoked"])


def test_limits_and_queues_change(client: Client, tmp_path: Path) -> None:
    assert ask(client, "rate_limit", task_name="interop.who", rate_limit="100/s") == {
        "ok": "new rate limit set successfully"
    }
    assert ask(client, "rate_limit", task_name="interop.unknown", rate_limit="1/s") == {"error": "unknown task"}
    assert ask(client, "time_limit", task_name="interop.progress", soft=60, hard=90) == {
        "ok": "time limits set successfully"
    }
    assert ask(client, "add_consumer", queue="more") == {"ok": "add consumer more"}
    assert client.call("interop.add", 1, 2, queue="more") == 3
    assert ask(client, "cancel_consumer", queue="more") == {"ok": "no longer consuming from more"}
    assert ask(client, "pool_grow", n=1) == {"ok": "pool will grow"}
    assert ask(client, "pool_shrink", n=1) == {"ok": "pool will shrink"}


def test_what_is_not_enabled_is_an_error(client: Client) -> None:
    assert "Autoscale not enabled" in ask(client, "autoscale", max=3, min=1)["error"]
    assert "error" in ask(client, "no_such_command")
