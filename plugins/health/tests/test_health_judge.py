"""What follows from what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from attrs import evolve

from umbel.model import HeldTask, WorkerState
from umbel_conformance.worker import RecordingWorker, delivery
from umbel_health.judge import Judge
from umbel_health.report import Report

LIMIT_S = 60.0
IDLE = evolve(RecordingWorker().state(), concurrency=2, looked=0.0, heard=0.0)


def tasks(running: int = 0, waiting: int = 0, held: int = 0) -> list[HeldTask]:
    def one(number: int, **facts: Any) -> HeldTask:
        return HeldTask(f"id-{number}", "proj.add", delivery(), **facts)

    return [
        *(one(number, started=1.0) for number in range(running)),
        *(one(number) for number in range(waiting)),
        *(one(number, held=True) for number in range(held)),
    ]


class Judged:
    """A judge that has seen the worker at moment 0, in order."""

    def __init__(self) -> None:
        self.stopped: set[int] = set()
        self._judge = Judge("celery@here", LIMIT_S, self._which)
        self._judge.started = True
        self.at(0.0)

    def _which(self, pids: Iterable[int]) -> set[int]:
        return self.stopped.intersection(pids)

    def at(self, now: float, held: list[HeldTask] | None = None, state: WorkerState = IDLE, **facts: Any) -> Report:
        facts = {"looked": now, "heard": 0.0, **facts}
        return self._judge.judge(evolve(state, **facts), held or [], now)

    def ends(self, how: str) -> None:
        self._judge.ending = how


@pytest.fixture
def judged() -> Judged:
    return Judged()


def test_a_worker_without_work_is_alive_and_ready_for_ever(judged: Judged) -> None:
    report = judged.at(1e6)
    assert (report.alive, report.ready, report.stuck, report.waits_for) == (True, True, [], [])


def test_a_worker_that_has_not_started_is_alive_and_not_ready() -> None:
    report = Judge("celery@here", LIMIT_S, lambda pids: set()).judge(IDLE, [], 1e6)
    assert (report.alive, report.ready, report.waits_for) == (True, False, ["it has not started yet"])


def test_a_broker_that_is_down_makes_it_unready_and_not_dead_however_long_that_takes(judged: Judged) -> None:
    report = judged.at(1e6, trouble=("connection refused", 1e6 - 5000))
    assert (report.alive, report.ready) == (True, False)
    assert report.waits_for == ["the broker, for 5000.0 s: connection refused"]


def test_tasks_that_take_long_are_no_sign_of_anything(judged: Judged) -> None:
    judged.at(1.0, tasks(running=2, waiting=4))
    report = judged.at(1e6, tasks(running=2, waiting=4))
    assert (report.alive, report.ready, report.running, report.waiting) == (True, True, 2, 4)


def test_a_pool_that_has_room_and_begins_nothing_is_stuck(judged: Judged) -> None:
    judged.at(10.0, tasks(running=1, waiting=3))
    assert judged.at(70.0, tasks(running=1, waiting=3)).alive
    report = judged.at(71.0, tasks(running=1, waiting=3))
    assert (report.alive, report.ready) == (False, False)
    assert report.stuck == ["the pool has begun nothing for 61.0 s: 3 tasks wait, and 1 more could run"]


def test_a_pool_that_begins_one_now_and_then_is_not(judged: Judged) -> None:
    for minute in range(10):
        assert judged.at(minute * 50.0, tasks(waiting=3), totals={"proj.add": minute}).alive


def test_what_a_gate_holds_is_not_the_pool_s_business(judged: Judged) -> None:
    judged.at(1.0, tasks(held=5))
    assert judged.at(1e6, tasks(held=5)).alive


def test_a_reserver_that_does_not_come_back_is_stuck(judged: Judged) -> None:
    assert judged.at(100.0, looked=30.0).alive
    report = judged.at(101.0, looked=30.0)
    assert (report.alive, report.stuck) == (False, ["a look for messages has not ended for 71.0 s"])


def test_a_pool_that_runs_tasks_in_the_one_thread_may_do_so_for_long(judged: Judged) -> None:
    in_place = evolve(IDLE, features=frozenset({"in_place"}), concurrency=1)
    assert judged.at(1000.0, tasks(running=1, waiting=3), in_place, looked=0.0).alive
    assert not judged.at(1000.0, [], in_place, looked=0.0).alive


def test_a_main_loop_that_does_not_end_is_stuck(judged: Judged) -> None:
    assert judged.at(1000.0, heard=0.0, handling=False).alive
    report = judged.at(1000.0, heard=900.0, handling=True)
    assert report.stuck == ["the main loop has been handling what the pool said for 100.0 s"]


def test_a_stopped_process_is_stuck_when_it_has_been_so_for_long(judged: Judged) -> None:
    judged.stopped = {7}
    assert judged.at(10.0, pids=(6, 7)).alive
    assert judged.at(70.0, pids=(6, 7)).alive
    assert judged.at(71.0, pids=(6, 7)).stuck == ["process 7 of the pool has been stopped for 61.0 s"]
    judged.stopped = set()
    assert judged.at(72.0, pids=(6, 7)).alive


def test_a_worker_that_ends_is_not_ready_and_may_take_its_time(judged: Judged) -> None:
    judged.ends("warm, SIGTERM")
    report = judged.at(1e6, tasks(running=1), looked=0.0)
    assert (report.alive, report.ready, report.waits_for) == (True, False, ["it ends (warm, SIGTERM)"])
