"""Limits: of time, of jobs a process, of memory; and ending or resizing by hand."""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path

import pytest

from umbel import states
from umbel.exceptions import UnsupportedError
from umbel_conformance.capabilities import lacks, needs
from umbel_conformance.pool.bench import PoolBench, StartPool, job, jobs

UNKNOWN_KEY = 2**40


def _resident_kib() -> int:
    """Of this process: now where the system says it (proc(5), statm), else at its peak."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() // 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


class Limits(PoolBench):
    @needs("soft_time_limit")
    def test_at_its_soft_limit_a_job_may_clean_up(self, start_pool: StartPool) -> None:
        (outcome,) = start_pool().run(job("wait:never", soft_time_limit=self.short_limit_s))
        assert (outcome.reason, outcome.lost) == ("soft limit", False)

    @needs("soft_time_limit")
    def test_a_soft_limit_hits_no_later_job(self, start_pool: StartPool) -> None:
        pool = start_pool()
        quick, slow = job("echo", soft_time_limit=self.short_limit_s), job("wait:gate")
        pool.submit(quick, slow)
        pool.wait_begun(slow)
        self.pass_time(self.short_limit_s * 2)
        pool.runner.open_gate("gate")
        assert [one.reason for one in pool.wait_finished(quick, slow)] == ["", "waited"]

    @needs("soft_time_limit")
    def test_a_soft_limit_that_escapes_from_the_runner_is_an_outcome(self, start_pool: StartPool) -> None:
        pool = start_pool()
        leaking, good = pool.run(job("leak:never", soft_time_limit=self.short_limit_s), job())
        assert leaking.state == states.FAILURE
        assert good.state == states.SUCCESS

    @needs("time_limit")
    def test_at_its_hard_limit_a_job_is_killed(self, start_pool: StartPool) -> None:
        pool = start_pool()
        killed, good = pool.run(job("stubborn", time_limit=self.short_limit_s), job())
        assert (killed.state, killed.reason, killed.lost) == (states.FAILURE, "TimeLimitExceeded", True)
        assert good.state == states.SUCCESS

    @needs("time_limit", "soft_time_limit")
    def test_a_job_that_ignores_its_soft_limit_is_killed_at_the_hard_one(self, start_pool: StartPool) -> None:
        pool = start_pool()
        one = job("stubborn", soft_time_limit=self.short_limit_s, time_limit=self.short_limit_s * 4)
        assert pool.run(one)[0].reason == "TimeLimitExceeded"
        assert (pool.runner.folder / f"ignored-{one.key}").exists()

    @needs("time_limit")
    def test_jobs_within_their_limits_are_left_alone(self, start_pool: StartPool) -> None:
        pool = start_pool()
        outcomes = pool.run(*jobs(20, time_limit=60.0))
        assert {outcome.state for outcome in outcomes} == {states.SUCCESS}

    @needs("time_limit")
    def test_the_time_in_the_line_does_not_count(self, start_pool: StartPool) -> None:
        pool = start_pool()
        first, second = job("wait:gate"), job("echo", time_limit=self.short_limit_s)
        pool.submit(first, second)
        pool.wait_begun(first)
        self.pass_time(self.short_limit_s * 2)
        pool.runner.open_gate("gate")
        assert not any(outcome.lost for outcome in pool.wait_finished(first, second))

    @needs("terminate")
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_a_running_job_can_be_terminated(self, start_pool: StartPool, number: int) -> None:
        pool = start_pool()
        running, good = job("wait:never"), job()
        pool.submit(running, good)
        pool.wait_begun(running)
        assert pool.pool.terminate(running.key, number) is True
        outcomes = pool.wait_finished(running, good)
        assert [(one.reason, one.lost) for one in outcomes] == [("Terminated", True), ("", False)]

    @needs("terminate")
    def test_a_job_that_does_not_run_cannot_be_terminated(self, start_pool: StartPool) -> None:
        pool = start_pool()
        running, waiting, done = job("wait:gate"), job(), job()
        pool.run(done)
        pool.submit(running, waiting)
        pool.wait_begun(running)
        for key in (waiting.key, done.key, UNKNOWN_KEY):
            assert pool.pool.terminate(key, signal.SIGKILL) is False
        pool.runner.open_gate("gate")
        assert not any(outcome.lost for outcome in pool.wait_finished(running, waiting))

    @lacks("terminate")
    def test_undeclared_termination_is_refused(self, start_pool: StartPool) -> None:
        pool, running = start_pool(), job("wait:gate")
        pool.submit(running)
        if "in_place" not in pool.pool.features:
            pool.wait_begun(running)
        with pytest.raises(UnsupportedError):
            pool.pool.terminate(running.key, signal.SIGTERM)
        pool.runner.open_gate("gate")

    @needs("resize", "concurrent")
    def test_a_pool_can_grow(self, start_pool: StartPool) -> None:
        pool = start_pool(concurrency=1)
        pool.pool.resize(3)
        assert {outcome.reason for outcome in pool.run(*jobs(3, "meet:3"))} == {"met"}

    @needs("resize", "concurrent")
    def test_a_pool_can_shrink_and_running_jobs_finish(self, start_pool: StartPool) -> None:
        pool = start_pool(concurrency=3)
        running = jobs(3, "wait:gate")
        pool.submit(*running)
        pool.wait_begun(*running)
        pool.pool.resize(1)
        pool.runner.open_gate("gate")
        assert {outcome.reason for outcome in pool.wait_finished(*running)} == {"waited"}
        assert {outcome.reason for outcome in pool.run(*jobs(10, "census"))} == {"1"}

    @needs("resize", "processes", "concurrent")
    def test_a_pool_that_shrinks_ends_processes(self, start_pool: StartPool) -> None:
        pool = start_pool(concurrency=3)
        pool.pool.resize(1)
        pool.watch_until(lambda: len(pool.pool.pids()) == 1, "one process to be left")
        assert not any(outcome.lost for outcome in pool.run(*jobs(5)))

    @lacks("resize")
    def test_undeclared_resizing_is_refused(self, start_pool: StartPool) -> None:
        with pytest.raises(UnsupportedError):
            start_pool().pool.resize(2)

    @needs("max_tasks_per_child")
    def test_a_process_is_replaced_after_so_many_jobs(self, start_pool: StartPool) -> None:
        pool = start_pool(max_tasks_per_child=2)
        batch = jobs(7)
        assert not any(outcome.lost for outcome in pool.run(*batch))
        pids = [pool.pids[one.key] for one in batch]
        assert max(map(pids.count, pids)) <= 2
        assert set(pids) <= pool.runner.processes("started")

    @needs("max_memory_per_child")
    def test_a_process_that_grew_too_large_is_replaced_after_its_job(self, start_pool: StartPool) -> None:
        # What is forked begins with the size of this process, in which many tests may have run.
        pool = start_pool(max_memory_per_child_kib=_resident_kib() + 150 * 1024)
        before, large, after = job(), job("grow:300"), job()
        outcomes = [pool.run(one)[0] for one in (before, large, after)]
        assert not any(outcome.lost for outcome in outcomes)
        assert pool.pids[before.key] == pool.pids[large.key] != pool.pids[after.key]
