"""Jobs in processes of their own: a death is an outcome, and never a hang."""

from __future__ import annotations

import os
import signal

import pytest

from umbel import states
from umbel_conformance.capabilities import needs
from umbel_conformance.elsewhere import children
from umbel_conformance.pool import actions
from umbel_conformance.pool.bench import PoolBench, StartPool, job, jobs


class Processes(PoolBench):
    @needs("processes")
    def test_jobs_run_in_the_processes_that_the_pool_names(self, start_pool: StartPool) -> None:
        pool = start_pool(concurrency=1)
        one = job()
        (outcome,) = pool.run(one)
        assert int(outcome.summary) == pool.pids[one.key] != os.getpid()
        assert list(pool.pool.pids()) == [pool.pids[one.key]]

    @needs("processes", "concurrent")
    def test_there_are_as_many_processes_as_jobs_may_run_at_once(self, start_pool: StartPool) -> None:
        pool = start_pool(concurrency=3)
        assert len(set(pool.pool.pids())) == 3

    @needs("processes")
    def test_every_process_is_told_that_it_starts_and_that_it_stops(self, start_pool: StartPool) -> None:
        pool = start_pool()
        one = job()
        pool.run(one)
        assert pool.pids[one.key] in pool.runner.processes("started")
        pool.stop(None)
        assert pool.pids[one.key] in pool.runner.processes("stopping")

    @needs("processes")
    @pytest.mark.parametrize("death", ["kill", "exit:0", "exit:3"])
    def test_a_job_whose_process_dies_is_lost(self, start_pool: StartPool, death: str) -> None:
        (outcome,) = start_pool().run(job(death))
        assert (outcome.state, outcome.reason, outcome.lost) == (states.FAILURE, "WorkerLostError", True)

    @needs("processes")
    def test_jobs_that_had_not_begun_when_a_process_died_run_elsewhere(self, start_pool: StartPool) -> None:
        pool = start_pool()
        killer, batch = job("kill"), jobs(50)
        lost, *others = pool.run(killer, *batch)
        assert lost.lost
        assert {outcome.state for outcome in others} == {states.SUCCESS}
        assert pool.pids[killer.key] not in {pool.pids[one.key] for one in batch}

    @needs("processes")
    def test_one_death_after_another_is_survived(self, start_pool: StartPool) -> None:
        pool = start_pool()
        outcomes = pool.run(*[job(task) for _ in range(5) for task in ("kill", "echo")])
        assert [outcome.lost for outcome in outcomes] == [True, False] * 5

    @needs("processes")
    def test_a_process_that_is_killed_while_it_is_idle_is_replaced(self, start_pool: StartPool) -> None:
        pool = start_pool()
        pool.run(job())
        (idle,) = pool.pool.pids()
        os.kill(idle, signal.SIGKILL)
        outcomes = pool.run(*jobs(10))
        assert {outcome.state for outcome in outcomes if not outcome.lost} == {states.SUCCESS}
        assert idle not in pool.pool.pids()

    @needs("processes")
    def test_a_process_that_is_killed_under_its_job_is_replaced(self, start_pool: StartPool) -> None:
        pool = start_pool()
        running, nexts = job("wait:never"), jobs(10)
        pool.submit(running, *nexts)
        pool.wait_begun(running)
        os.kill(pool.pids[running.key], signal.SIGKILL)
        assert pool.wait_finished(running)[0].reason == "WorkerLostError"
        assert not any(outcome.lost for outcome in pool.wait_finished(*nexts))

    @needs("processes")
    def test_an_interrupt_from_the_terminal_is_the_workers_to_handle(self, start_pool: StartPool) -> None:
        """Ctrl-C reaches every process of the group; a job that runs must not die of it."""
        pool = start_pool()
        running = job("wait:gate")
        pool.submit(running)
        pool.wait_begun(running)
        os.kill(pool.pids[running.key], signal.SIGINT)
        pool.runner.open_gate("gate")
        assert pool.wait_finished(running)[0].reason == "waited"

    @needs("processes", "concurrent")
    def test_a_death_does_not_touch_the_jobs_of_other_processes(self, start_pool: StartPool) -> None:
        pool = start_pool(concurrency=2)
        slow, killer = job("wait:gate"), job("kill")
        pool.submit(slow)
        pool.wait_begun(slow)
        assert pool.run(killer)[0].lost
        pool.runner.open_gate("gate")
        assert pool.wait_finished(slow)[0].reason == "waited"

    @needs("processes")
    def test_when_the_worker_is_killed_its_processes_end(self, start_pool: StartPool) -> None:
        pool = start_pool()
        with children(self.patience_s) as start:
            worker = start(actions.run_pool, type(pool.pool), pool.pool.settings, pool.runner)
            pids = worker.receive()
            assert pids
            worker.kill()
            self.eventually(lambda: not any(map(self.is_alive, pids)), f"the orphans {pids} to end")
