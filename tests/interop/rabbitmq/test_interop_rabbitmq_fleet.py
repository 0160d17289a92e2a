"""Both kinds of worker on one queue of RabbitMQ, with `kill -9` in between; and quorum queues."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from harness.parties import Parties, Worker, noted

TOTAL = 4000
ONE_AT_A_TIME = ("-c", "1", "-P", "solo", "--prefetch-multiplier", "1")


def test_nothing_is_lost_of_a_mixed_fleet_whoever_is_killed(parties_with_redis: Parties, tmp_path: Path) -> None:
    parties, marks = parties_with_redis, tmp_path / "marks"
    marks.write_bytes(bytes(TOTAL))

    def start(kind: str) -> Worker:
        return parties.worker(kind, "-c", "2", INTEROP_MARKS=str(marks))

    def missing() -> list[int]:
        return [number for number, mark in enumerate(marks.read_bytes()) if not mark]

    workers = [start(kind).ready() for kind in ("celery", "umbel")]
    clients = [parties.client(kind) for kind in ("celery", "umbel")]
    clients[0].begin("send_numbers", task="interop.mark", start=0, stop=TOTAL // 2)
    clients[1].begin("send_numbers", task="interop.mark", start=TOTAL // 2, stop=TOTAL)
    for kill in range(1, 5):
        workers[-1].until(lambda: TOTAL - len(missing()) >= TOTAL * kill // 6, f"progress to kill {kill}")  # noqa: B023
        victim = kill % 2
        workers[victim].kill()
        workers[victim] = start(workers[victim].kind)
    assert [client.answer() for client in clients] == [TOTAL // 2, TOTAL // 2]
    workers[-1].until(lambda: not missing(), "end")
    ran = {kind: marks.read_bytes().count(kind[:1].encode()) for kind in ("celery", "umbel")}
    assert min(ran.values()) > 0, ran
    assert clients[0].ask("wrong", start=TOTAL // 2, stop=TOTAL, but=[]) == []
    assert clients[1].ask("wrong", start=0, stop=TOTAL // 2, but=[]) == []
    assert [worker.ready().end() for worker in workers] == [0, 0]


@pytest.fixture
def quorum(parties: Parties) -> Parties:
    """Everybody's default queue is a quorum queue behind a topic exchange, which is how Celery's delays go natively."""
    parties.environment["INTEROP_QUORUM"] = "1"
    return parties


def test_quorum_queues_are_everybodys(quorum: Parties, pair: tuple[str, str]) -> None:
    quorum.worker(pair[1], "-c", "1").ready()

    assert quorum.client(pair[0]).call("interop.add", 2, 3) == 5


def test_a_countdown_waits_in_the_queues_that_celery_has_for_it(quorum: Parties, pair: tuple[str, str]) -> None:
    quorum.worker(pair[1], "-c", "1").ready()
    client = quorum.client(pair[0])
    assert client.call("interop.who") == pair[1]  # who serves has made them by now
    sent = time.time()

    # Celery counts whole seconds, and drops what is less.
    assert client.call("interop.now", countdown=2) >= sent + 1


def test_a_task_that_runs_is_not_run_elsewhere_until_its_worker_is_gone(
    parties: Parties, pair: tuple[str, str], tmp_path: Path
) -> None:
    client, notes, go = parties.client(pair[0]), tmp_path / "notes", tmp_path / "go"
    others = {"celery": "umbel", "umbel": "celery"}
    first = parties.worker(pair[1], *ONE_AT_A_TIME).ready()
    id = client.send("interop.hold", str(notes), str(go))
    first.until(lambda: len(noted(notes)) == 1, "a task that runs")
    second = parties.worker(others[pair[1]], *ONE_AT_A_TIME).ready()
    assert client.call("interop.who") == others[pair[1]]
    first.kill()
    second.until(lambda: len(noted(notes)) == 2, "a task that runs again")
    go.touch()

    assert client.get(id)["value"] == others[pair[1]]
    assert noted(notes) == [pair[1], others[pair[1]]]
