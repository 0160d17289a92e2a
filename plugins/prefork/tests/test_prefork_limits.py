"""Limits hit the job that they are meant for, and no other."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from umbel.contracts.pool import PoolSettings
from umbel.exceptions import ImproperlyConfigured, SoftTimeLimitExceeded
from umbel_prefork.pool import PreforkPool


def busy(body: bytes) -> None:
    until = time.perf_counter() + float(body)
    while time.perf_counter() < until:
        pass


def test_a_soft_limit_that_strikes_as_the_job_ends_hits_no_other(bench: Any, functions: Any) -> None:
    bench.start(functions(task=busy))
    pairs = [(bench.job("task", b"0.003", soft_time_limit=0.003), bench.job("task", b"0.001")) for _ in range(150)]
    bench.run(*[job for pair in pairs for job in pair])
    assert not any(bench.outcomes[job.key].state != "SUCCESS" for _, job in pairs)
    assert {bench.outcomes[job.key].summary for job, _ in pairs} <= {
        "",
        "SoftTimeLimitExceeded(0.003)",
        "SoftTimeLimitExceeded: 0.003",
    }


def test_a_hard_limit_that_strikes_as_the_job_ends_hits_no_other(bench: Any, functions: Any) -> None:
    bench.start(functions(task=busy))
    pairs = [(bench.job("task", b"0.003", time_limit=0.003), bench.job("task", b"0.0001")) for _ in range(50)]
    bench.run(*[job for pair in pairs for job in pair])
    assert not any(bench.outcomes[job.key].lost for _, job in pairs)


def test_termination_hits_no_other_job(bench: Any, functions: Any) -> None:
    pool = bench.start(functions(task=busy))
    jobs = bench.jobs(400, "task", b"0.0002")
    pool.submit(jobs)
    hit = set()
    while len(bench.outcomes) < len(jobs):
        bench.listen(0.001)
        running = bench.started.keys() - bench.outcomes.keys()
        if running and pool.terminate(max(running), signal.SIGKILL):
            hit.add(max(running))
    lost = {key for key, outcome in bench.outcomes.items() if outcome.lost}
    assert lost
    assert lost <= hit  # A job may end just before the signal arrives.
    assert {bench.outcomes[key].summary for key in lost} == {"Terminated: signal 9 (SIGKILL)"}


def test_a_task_may_use_an_alarm_of_its_own_beside_the_soft_limit(bench: Any, functions: Any) -> None:
    def set_alarm(body: bytes) -> str:
        rang = []
        signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        try:
            time.sleep(30)
        except SoftTimeLimitExceeded:
            return f"soft limit, and the alarm {'rang' if rang else 'did not ring'}"
        return "no limit"

    bench.start(functions(task=set_alarm))
    (outcome,) = bench.run(bench.job("task", soft_time_limit=0.2))
    assert outcome.payload == b"'soft limit, and the alarm rang'"


def test_a_batch_of_tiny_jobs_does_not_pass_the_limit_of_jobs_per_process(bench: Any, functions: Any) -> None:
    bench.start(functions(pid=lambda body: os.getpid()), max_tasks_per_child=7)
    outcomes = bench.run(*bench.jobs(60, "pid"))
    pids = [outcome.payload for outcome in outcomes]
    assert max(map(pids.count, pids)) == 7
    assert len(set(pids)) == 9


def test_a_batch_of_tiny_jobs_is_broken_off_at_the_memory_limit(bench: Any, functions: Any) -> None:
    kept = []

    def keep(body: bytes) -> int:
        kept.append(b"x" * 4_000_000)
        return os.getpid()

    bench.start(functions(task=keep), max_memory_per_child_kib=100 * 1024)
    outcomes = bench.run(*bench.jobs(60, "task"))
    pids = [outcome.payload for outcome in outcomes]
    assert not any(outcome.lost for outcome in outcomes)
    assert len(set(pids)) > 1


def test_a_process_that_is_replaced_ends_in_order(bench: Any, functions: Any, tmp_path: Any) -> None:
    runner = functions(pid=lambda body: os.getpid())
    runner.on_stop = lambda: (tmp_path / str(os.getpid())).touch()
    bench.start(runner, max_tasks_per_child=1)
    pids = {int(outcome.payload) for outcome in bench.run(*bench.jobs(5, "pid"))}
    bench.pool.stop(None)
    assert pids <= {int(path.name) for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"max_tasks_per_child": 0},
        {"max_memory_per_child_kib": -1},
        {"start_timeout_s": 0},
    ],
)
def test_settings_that_cannot_be_honoured_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match="prefork"):
        PreforkPool(PoolSettings(**wrong))
