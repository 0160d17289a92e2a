"""Remote control of real workers on the embedded default, Redis and RabbitMQ; what is revoked survives their end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.needs("umbel-control", "umbel-cli", "umbel-sqlite", "umbel-prefork", "umbel-threads")

#: What has to be installed for each.
BROKERS = [
    "sqlite",
    pytest.param("redis", marks=pytest.mark.needs("umbel-redis", "umbel-conformance")),
    pytest.param("rabbitmq", marks=pytest.mark.needs("umbel-rabbitmq", "umbel-conformance")),
]


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from umbel_conformance.redis_server import RedisServer  # noqa: PLC0415  (it needs hiredis)

    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def rabbitmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from umbel_conformance.rabbitmq_server import RabbitmqServer  # noqa: PLC0415  (the kit may have been taken away)

    server = RabbitmqServer(tmp_path_factory.mktemp("rabbitmq")).start()
    yield server
    server.kill()


@pytest.fixture(params=BROKERS)
def placed(request: pytest.FixtureRequest, project: Any) -> Any:
    """A project on each of the brokers; its results are on the embedded default."""
    if request.param == "redis":
        project.environment["UMBEL_BROKER_URL"] = request.getfixturevalue("redis_server").url(0)
    elif request.param == "rabbitmq":
        project.environment["UMBEL_BROKER_URL"] = request.getfixturevalue("rabbitmq_server").url()
    project.environment["UMBEL_RESULT_BACKEND"] = "sqlite://" + str(project.folder / "results.db")
    yield project
    project.python("from proj import app; app.control.shutdown(reply=True); app.control.purge()")


def answers(project: Any, *words: str) -> Any:
    """What the nodes answer, once there is one."""
    for _ in range(30):
        ran = project.umbel(*words, "--json")
        if ran.returncode != 69:  # a worker listens soon after it is ready
            return json.loads(ran.stdout)
    raise AssertionError(ran.stderr)


def send(project: Any, call: str) -> str:
    """Send a task; its id."""
    return str(project.python(f"from proj import *; print({call}.id)")).strip()


def state(project: Any, task_id: str, wait: bool = True) -> str:
    how = f"r.get(timeout=30, propagate=False) if {wait} else None"
    return str(project.python(f"from proj import *; r = app.AsyncResult({task_id!r}); {how}; print(r.state)")).strip()


def test_a_worker_is_asked_and_told(placed: Any, appears: Callable[[Path], None]) -> None:
    worker = placed.worker("-c", "1", "-l", "INFO", "-n", "w1@here")
    worker.until("ready")
    assert answers(placed, "status", "-d", "w1@here") == {"w1@here": {"ok": "pong"}}

    running, waiting = send(placed, "wait_for.delay('never')"), send(placed, "add.delay(1, 2)")
    appears(placed.folder / "never.started")
    (active,) = answers(placed, "inspect", "-d", "w1@here", "active")["w1@here"]
    assert (active["id"], active["name"], active["args"]) == (running, "proj.wait_for", ["never"])
    assert active["worker_pid"] != worker.process.pid

    assert "flagged" in answers(placed, "control", "-d", "w1@here", "revoke", waiting)["w1@here"]["ok"]
    assert state(placed, waiting) == "REVOKED"
    assert running in answers(placed, "control", "-d", "w1@here", "terminate", "KILL", running)["w1@here"]["ok"]
    assert state(placed, running) == "REVOKED"

    assert "ok" in answers(placed, "control", "-d", "w1@here", "add_consumer", "more")["w1@here"]
    assert state(placed, send(placed, "add.apply_async((1, 2), queue='more')")) == "SUCCESS"
    assert "ok" in answers(placed, "control", "-d", "w1@here", "pool_grow", "2")["w1@here"]
    stats = answers(placed, "inspect", "-d", "w1@here", "stats")["w1@here"]
    assert (stats["pool"]["max-concurrency"], stats["pid"]) == (3, worker.process.pid)
    assert stats["total"] == {"proj.wait_for": 1, "proj.add": 1}
    assert "ok" in answers(placed, "control", "-d", "w1@here", "time_limit", "proj.wait_for", "0.2")["w1@here"]
    assert state(placed, send(placed, "wait_for.delay('never-2')")) == "FAILURE"

    answers(placed, "control", "-d", "w1@here", "shutdown")
    assert worker.end() == 0


def test_what_was_revoked_while_no_worker_ran_does_not_run(placed: Any) -> None:
    revoked, other = send(placed, "add.delay(1, 2)"), send(placed, "add.delay(3, 4)")
    placed.python(f"from proj import app; app.control.revoke({revoked!r})")
    placed.worker("-c", "1", "-l", "INFO").until("ready")
    assert state(placed, revoked) == "REVOKED"
    assert state(placed, other) == "SUCCESS"


def test_what_was_revoked_survives_the_end_of_every_worker(placed: Any) -> None:
    late = send(placed, "add.apply_async((1, 2), queue='later')")
    first = placed.worker("-c", "1", "-l", "INFO", "-n", "first@here")
    first.until("ready")
    answers(placed, "control", "-d", "first@here", "revoke", late)
    assert state(placed, late, wait=False) == "REVOKED", "whoever waits for it hears of it at once"
    first.kill()
    second = placed.worker("-c", "1", "-l", "INFO", "-n", "second@here", "-Q", "later")
    second.until("it was revoked")
    assert state(placed, late) == "REVOKED"


def test_with_statedb_it_survives_without_any_backend(project: Any) -> None:
    project.environment["UMBEL_RESULT_BACKEND"] = "disabled"
    state_db = str(project.folder / "revoked.json")
    late = send(project, "add.apply_async((1, 2), queue='later')")
    first = project.worker("-c", "1", "-l", "INFO", "-n", "first@here", "--statedb", state_db)
    first.until("ready")
    answers(project, "control", "-d", "first@here", "revoke", late)
    first.signal(signal.SIGTERM)
    assert first.end() == 0
    assert os.path.exists(state_db)
    second = project.worker("-c", "1", "-l", "INFO", "-n", "second@here", "-Q", "later", "--statedb", state_db)
    second.until("it was revoked")


def test_a_pool_that_cannot_terminate_says_so_and_the_task_ends_by_itself(
    project: Any, appears: Callable[[Path], None]
) -> None:
    worker = project.worker("-P", "threads", "-c", "1", "-l", "INFO", "-n", "w1@here")
    worker.until("ready")
    running = send(project, "wait_for.delay('gate')")
    appears(project.folder / "gate.started")
    ran = project.umbel("control", "-d", "w1@here", "-t", "10", "terminate", "TERM", running)
    assert ran.returncode == 1
    assert "the pool 'threads' cannot terminate the task proj.wait_for" in ran.stdout
    (project.folder / "gate").touch()
    assert state(project, running) == "SUCCESS"


def test_a_stopped_worker_of_many_is_not_waited_for_longer_than_asked(project: Any) -> None:
    workers = [project.worker("-c", "1", "-l", "INFO", "-n", f"w{number}@here") for number in (1, 2)]
    for worker in workers:
        worker.until("ready")
    while len(answers(project, "status")) < 2:
        pass
    workers[0].signal(signal.SIGSTOP)
    assert answers(project, "status", "-t", "0.5").keys() == {"w2@here"}
    workers[0].signal(signal.SIGCONT)
    assert answers(project, "status", "-d", "w1@here", "-t", "10").keys() == {"w1@here"}
