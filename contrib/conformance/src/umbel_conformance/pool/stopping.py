"""Stopping: what never began is handed back, what had begun has an outcome."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from umbel.contracts import PoolSettings
from umbel.model import Job
from umbel_conformance.capabilities import needs
from umbel_conformance.pool.bench import MakePool, PoolBench, StartPool, Watched, job, jobs


class Stopping(PoolBench):
    def test_a_pool_without_work_stops_at_once_and_hands_back_nothing(self, start_pool: StartPool) -> None:
        for grace_s in (None, 5.0, 0):
            pool = start_pool()
            assert list(pool.stop(grace_s)) == []

    def test_stopping_twice_is_no_error(self, start_pool: StartPool) -> None:
        pool = start_pool()
        pool.run(job())
        pool.stop(None)
        assert list(pool.stop(None)) == []

    def test_jobs_that_never_began_are_handed_back(self, start_pool: StartPool) -> None:
        pool = start_pool()
        batch = jobs(2000)  # more than can end until it is stopped
        pool.submit(*batch)
        unbegun = pool.stop(None)
        self.assert_none_is_missing(pool, batch, unbegun)

    @pytest.mark.usefixtures("off_thread")
    def test_a_warm_stop_waits_for_running_jobs(self, start_pool: StartPool) -> None:
        pool = start_pool()
        running, *others = batch = [job("wait:gate"), *jobs(20)]
        pool.submit(*batch)
        pool.wait_begun(running)
        opening = threading.Timer(0.1, pool.runner.open_gate, ["gate"])
        opening.start()
        unbegun = pool.stop(None)
        opening.join()
        assert pool.outcomes[running.key].reason == "waited"
        self.assert_none_is_missing(pool, batch, unbegun)
        assert len(others) == 20

    @pytest.mark.usefixtures("off_thread")
    @pytest.mark.parametrize("grace_s", [0, 0.2])
    def test_when_the_grace_is_over_running_jobs_are_lost_and_the_rest_is_handed_back(
        self, start_pool: StartPool, grace_s: float
    ) -> None:
        pool = start_pool()
        running, *others = batch = [job("wait:never"), *jobs(20)]
        pool.submit(*batch)
        pool.wait_begun(running)
        unbegun = pool.stop(grace_s)
        assert pool.outcomes[running.key].lost
        assert {one.key for one in unbegun} == {one.key for one in others}
        pool.runner.open_gate("never")  # A thread cannot be killed: let it end.

    def test_the_jobs_handed_back_are_the_very_ones_that_were_submitted(self, start_pool: StartPool) -> None:
        pool = start_pool()
        batch = jobs(50, info={"redelivered": True})
        pool.submit(*batch)
        assert {id(one) for one in pool.stop(0)} <= {id(one) for one in batch}

    def assert_none_is_missing(self, pool: Watched, batch: list[Job], unbegun: Sequence[Job]) -> None:
        returned = {one.key for one in unbegun}
        assert returned.isdisjoint(pool.begun), "jobs were handed back that had begun"
        assert set(pool.begun) == set(pool.outcomes), "a job began and has no outcome"
        assert returned | set(pool.begun) == {one.key for one in batch}, "a job is neither begun nor handed back"

    def test_withdrawn_jobs_never_begin_and_those_that_stay_are_run(self, start_pool: StartPool) -> None:
        pool = start_pool()
        batch = jobs(100)
        pool.submit(*batch)
        withdrawn = pool.pool.withdraw()
        stayed = [one for one in batch if one not in withdrawn]
        assert not any(outcome.lost for outcome in pool.wait_finished(*stayed))
        assert [one.key for one in batch if one in withdrawn] == [one.key for one in withdrawn], "not in order"
        assert list(pool.stop(None)) == []
        self.assert_none_is_missing(pool, batch, withdrawn)

    @pytest.mark.usefixtures("off_thread")
    def test_jobs_can_be_withdrawn_while_another_thread_waits_for_events(self, start_pool: StartPool) -> None:
        pool = start_pool()
        running, *others = batch = [job("wait:gate"), *jobs(20)]
        pool.submit(*batch)
        pool.wait_begun(running)

        def withdraw() -> Sequence[Job]:
            withdrawn = pool.pool.withdraw()
            pool.runner.open_gate("gate")
            return withdrawn

        withdrawing = self.background(withdraw)
        assert pool.wait_finished(running)[0].reason == "waited"
        withdrawn = self.result_of(withdrawing)
        pool.wait_finished(*(one for one in others if one not in withdrawn))
        self.assert_none_is_missing(pool, batch, withdrawn)

    def test_after_a_withdrawal_the_pool_takes_jobs_again(self, start_pool: StartPool) -> None:
        pool = start_pool()
        assert list(pool.pool.withdraw()) == []
        assert pool.run(job("echo", b"1"))[0].payload == b"1"

    def test_withdrawn_jobs_may_be_submitted_again(self, start_pool: StartPool) -> None:
        pool = start_pool()
        batch = jobs(100)
        pool.submit(*batch)
        pool.pool.submit(pool.pool.withdraw())
        assert not any(outcome.lost for outcome in pool.wait_finished(*batch))
        assert len(pool.begun) == len(batch)

    def test_a_pool_that_never_started_can_be_stopped(self, make_pool: MakePool) -> None:
        assert list(make_pool(PoolSettings()).stop(None)) == []

    @needs("processes")
    def test_no_process_outlives_the_pool(self, start_pool: StartPool) -> None:
        pool = start_pool()
        pool.run(job())
        pids = set(pool.pool.pids())
        pool.stop(None)
        assert pids
        self.eventually(lambda: not any(map(self.is_alive, pids)), "the processes of the pool to end")
