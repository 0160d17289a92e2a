"""Processes are killed at random, again and again, while tiny jobs run."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.faults

JOBS = 20_000
KILLS = 200


def test_under_a_storm_of_kills_every_job_ends_once_and_none_begins_twice(
    bench: Any, functions: Any, tmp_path: Path
) -> None:
    """`Bench.listen` checks that each job has one `Started`, then one `Finished`. The file counts what really ran."""
    log = os.open(tmp_path / "ran", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    pool = bench.start(functions(task=lambda body: os.write(log, body)), concurrency=2)
    jobs = [bench.job("task", struct.pack("<I", number)) for number in range(JOBS)]
    submitted, kills, dice = 0, 0, random.Random(7)
    while len(bench.outcomes) < JOBS:
        if kills < len(bench.outcomes) * 1.05 * KILLS / JOBS and (pids := pool.pids()):
            with contextlib.suppress(ProcessLookupError):  # the last kill has not been heard of yet
                os.kill(dice.choice(pids), signal.SIGKILL)
                kills += 1
        if submitted < min(JOBS, len(bench.outcomes) + 1000):
            pool.submit(jobs[submitted : submitted + 100])
            submitted += 100
        bench.listen(5)
    os.close(log)
    ran = Counter(number for (number,) in struct.iter_unpack("<I", (tmp_path / "ran").read_bytes()))
    lost = {number for number, job in enumerate(jobs) if bench.outcomes[job.key].lost}
    assert kills >= KILLS
    assert set(ran.values()) == {1}, "a job ran twice"
    assert ran.keys() | lost == set(range(JOBS)), "a job neither ran nor is lost"
    assert len(lost) <= kills, "a death cost more than the job that ran"
