"""Processes are killed, stopped and terminated at random, again and again, while jobs run.

`Bench.listen` checks that each job has one `Started`, then one `Finished`. A file counts what really ran.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import struct
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from umbel.model import Job

pytestmark = pytest.mark.faults


class RanLog:
    """Which jobs have run, and how often, whatever became of the processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, body: bytes) -> None:
        os.write(self._fd, body[:4])

    def counts(self) -> Counter[int]:
        return Counter(number for (number,) in struct.iter_unpack("<I", self._path.read_bytes()))

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def ran(tmp_path: Path) -> Any:
    log = RanLog(tmp_path / "ran")
    yield log
    log.close()


def weather(bench: Any, jobs: list[Job], strike: Callable[[], None]) -> None:
    """Run all jobs, at most a thousand at a time, and call `strike` in between."""
    submitted = 0
    while len(bench.outcomes) < len(jobs):
        strike()
        if submitted < min(len(jobs), len(bench.outcomes) + 1000):
            bench.pool.submit(jobs[submitted : submitted + 100])
            submitted += 100
        bench.listen(0.02)


def test_under_a_storm_of_kills_every_job_ends_once_and_none_begins_twice(
    bench: Any, functions: Any, ran: RanLog
) -> None:
    pool = bench.start(functions(task=ran.note), concurrency=2)
    jobs = [bench.job("task", struct.pack("<I", number)) for number in range(20_000)]
    dice, kills = random.Random(7), 0

    def kill() -> None:
        nonlocal kills
        if kills < 210 * len(bench.outcomes) / len(jobs) and (pids := pool.pids()):
            with contextlib.suppress(ProcessLookupError):  # the last kill has not been heard of yet
                os.kill(dice.choice(pids), signal.SIGKILL)
                kills += 1

    weather(bench, jobs, kill)
    lost = {number for number, job in enumerate(jobs) if bench.outcomes[job.key].lost}
    counts = ran.counts()
    assert kills >= 200
    assert set(counts.values()) == {1}, "a job ran twice"
    assert counts.keys() | lost == set(range(len(jobs))), "a job neither ran nor is lost"
    assert len(lost) <= kills, "a death cost more than the job that ran"


def test_in_every_kind_of_trouble_at_once_every_job_ends_once_and_none_begins_twice(
    bench: Any, functions: Any, ran: RanLog
) -> None:
    dice = random.Random(11)

    def mixed(body: bytes) -> int:
        ran.note(body)
        time.sleep(random.choice([0] * 50 + [0.01]))
        return len(body)

    def job(number: int) -> Job:
        body = struct.pack("<I", number) + b"x" * dice.choice([0] * 500 + [2_000_000])
        limits = {"time_limit": 0.005, "soft_time_limit": 0.002} if dice.random() < 0.1 else {}
        return bench.job("mixed", body, **limits)

    pool = bench.start(functions(mixed=mixed), concurrency=3, max_tasks_per_child=200)
    jobs = [job(number) for number in range(8_000)]
    stopped: list[int] = []

    def trouble() -> None:
        pids, running = pool.pids(), list(bench.started.keys() - bench.outcomes.keys())
        with contextlib.suppress(ProcessLookupError):
            match dice.randrange(60):
                case 0 | 1 if pids:
                    os.kill(dice.choice(pids), signal.SIGKILL)
                case 2 if pids:
                    stopped.append(dice.choice(pids))
                    os.kill(stopped[-1], signal.SIGSTOP)
                case 3 | 4 | 5 if stopped:
                    os.kill(stopped.pop(0), signal.SIGCONT)
                case 6:
                    pool.resize(dice.randint(1, 4))
                case 7 if running:
                    pool.terminate(dice.choice(running), signal.SIGTERM)

    weather(bench, jobs, trouble)
    counts = ran.counts()
    assert set(counts.values()) == {1}, "a job ran twice"
    done = {number for number, job in enumerate(jobs) if bench.outcomes[job.key].state == "SUCCESS"}
    assert done <= counts.keys(), "a job succeeded that never ran"
    assert len(done) > len(jobs) * 0.9
