"""`kill -9` of a worker at each point of a task's way: what becomes of the task is what the documentation says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.needs("umbel-sqlite", "umbel-prefork", "umbel-cli"), pytest.mark.faults]

#: For each point: how many messages the broker still has after the kill, the state in the end, and the runs in all,
#: where the worker runs tasks itself; where processes do, the run has begun when the worker hears of it.
LATE = {
    "received": (1, "SUCCESS", 1),
    "started": (1, "SUCCESS", 1),
    "running": (1, "SUCCESS", 2),
    "finished": (1, "SUCCESS", 2),
    "recorded": (1, "SUCCESS", 2),
    "settled": (0, "SUCCESS", 1),
}
EARLY = {
    **LATE,
    "running": (0, "PENDING", 1),
    "finished": (0, "PENDING", 1),
    "recorded": (0, "SUCCESS", 1),
}
PLACES = ("sqlite-solo", "sqlite-prefork", pytest.param("redis-prefork", marks=pytest.mark.needs("umbel-redis")))


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, machine: Callable[[str], Any]) -> tuple[Any, str]:
    """A machine with a broker, and the pool of its workers."""
    broker, _, pool = request.param.partition("-")
    halfway = machine("halfway")
    if broker == "redis":
        halfway.environment["HALFWAY_URL"] = request.getfixturevalue("plain_server").url()
    return halfway, pool


def die(machine: Any, pool: str, point: str) -> None:
    """A worker takes the task, and is killed at the point."""
    machine.environment["HALFWAY_POINT"] = point
    machine.client("send").process.wait()
    worker = machine.worker("-P", pool, "-c", "1", "-l", "WARNING")
    if point == "settled":
        assert machine.ask("success") == ["SUCCESS", 1, 0]
        worker.kill()
    machine.until(lambda: not worker.alive(), "death of the worker")
    machine.nothing_is_left()


def live(machine: Any, pool: str, state: str) -> Any:
    """Another worker, for as long as it takes; what has become of the task."""
    worker = machine.worker("-P", pool, "-c", "1", "-l", "WARNING")
    ready = machine.folder / "worker"
    machine.until(lambda: ready.read_text() == str(worker.pid), "readiness of the worker")
    found = machine.ask("success" if state == "SUCCESS" else "another")
    assert worker.end() == 0, worker.tail()
    return found


def check(place: tuple[Any, str], point: str, held: int, state: str, runs: int) -> None:
    machine, pool = place
    die(machine, pool, point)
    assert machine.ask("now")[2] == held, machine.last_words()
    if pool == "prefork" and point == "started":
        runs += 1
    assert live(machine, pool, state) == [state, runs, 0], machine.last_words()


@pytest.mark.parametrize("point", LATE)
def test_a_task_that_is_acknowledged_late_is_never_lost(place: tuple[Any, str], point: str) -> None:
    check(place, point, *LATE[point])


@pytest.mark.parametrize("point", EARLY)
def test_a_task_that_is_acknowledged_early_is_lost_only_once_the_broker_knows_that_it_began(
    place: tuple[Any, str], point: str
) -> None:
    place[0].environment["HALFWAY_EARLY"] = "1"
    check(place, point, *EARLY[point])


@pytest.mark.needs("umbel-dedup")
def test_one_whose_success_is_stored_is_not_run_again_where_that_is_asked_for(place: tuple[Any, str]) -> None:
    place[0].environment["HALFWAY_DEDUP"] = "1"
    check(place, "recorded", 1, "SUCCESS", 1)
