"""Jobs run, in order, once, and what they gave comes back."""

from __future__ import annotations

import os
import threading

import pytest

from umbel import states
from umbel_conformance.capabilities import lacks, needs
from umbel_conformance.pool.bench import MakePool, PoolBench, StartPool, job, jobs

HUGE_BYTES = 4 * 2**20


class Running(PoolBench):
    def test_a_job_begins_and_finishes(self, start_pool: StartPool) -> None:
        pool = start_pool()
        (outcome,) = pool.run(job("echo", b"hello"))
        assert (outcome.state, outcome.payload, outcome.lost) == (states.SUCCESS, b"hello", False)

    def test_every_job_begins_once_and_then_finishes_once(self, start_pool: StartPool) -> None:
        pool = start_pool()
        batch = jobs(300)
        pool.run(*batch)
        pool.look(0.05)  # `Watched` fails if anything comes twice or in the wrong order.
        assert len(pool.begun) == len(pool.outcomes) == 300

    def test_jobs_begin_in_the_order_in_which_they_were_submitted(self, start_pool: StartPool) -> None:
        pool = start_pool(concurrency=1)
        batch = jobs(50)
        for start in range(0, 50, 10):
            pool.submit(*batch[start : start + 10])
        pool.wait_finished(*batch)
        assert pool.begun == [one.key for one in batch]

    def test_an_empty_batch_is_no_error(self, start_pool: StartPool) -> None:
        pool = start_pool()
        pool.submit()
        assert pool.run(job("echo", b"1"))[0].payload == b"1"

    def test_a_failed_job_is_an_outcome_and_the_next_one_runs(self, start_pool: StartPool) -> None:
        failed, good = start_pool().run(job("raise"), job("echo"))
        assert (failed.state, failed.reason, failed.lost) == (states.FAILURE, "raised", False)
        assert good.state == states.SUCCESS

    @pytest.mark.parametrize(
        "body", [b"", bytes(range(256)), "žluťoučký 🐎".encode()], ids=["empty", "bytes", "unicode"]
    )
    def test_the_body_reaches_the_job_and_the_payload_comes_back(self, start_pool: StartPool, body: bytes) -> None:
        assert start_pool().run(job("echo", body))[0].payload == body

    def test_the_info_of_a_job_reaches_the_runner(self, start_pool: StartPool) -> None:
        assert start_pool().run(job("info:host", info={"host": "ünïcode", "redelivered": True}))[0].reason == "ünïcode"

    def test_a_huge_body_and_a_huge_payload_get_through(self, start_pool: StartPool) -> None:
        body = bytes(range(256)) * (HUGE_BYTES // 256)
        huge, small = start_pool().run(job("echo", body), job("echo", b"small"))
        assert huge.payload == body, "the huge payload was changed"
        assert small.payload == b"small"

    def test_submit_never_blocks_however_much_there_is(self, start_pool: StartPool) -> None:
        pool = start_pool()
        batch = [job("echo", b"x" * 10_000) for _ in range(1000)]
        self.result_of(self.background(lambda: pool.submit(*batch)))
        assert {outcome.state for outcome in pool.wait_finished(*batch)} == {states.SUCCESS}

    def test_events_returns_nothing_when_time_runs_out(self, start_pool: StartPool) -> None:
        pool = start_pool().pool
        assert list(pool.events(0.01)) == []
        assert list(pool.events(0)) == []

    def test_wake_ends_waiting_events(self, start_pool: StartPool) -> None:
        pool, returned = start_pool().pool, threading.Event()

        def wake() -> None:
            while not returned.wait(0.001):  # Again and again: nobody knows when the other thread begins to wait.
                pool.wake()

        waking = self.background(wake)
        assert list(pool.events(None)) == []
        returned.set()
        self.result_of(waking)

    def test_a_wake_that_comes_too_early_ends_the_next_events(self, start_pool: StartPool) -> None:
        pool = start_pool().pool
        pool.wake()
        assert list(pool.events(None)) == []

    def test_waiting_events_hear_of_a_job_that_is_submitted_meanwhile(self, start_pool: StartPool) -> None:
        pool = start_pool()
        one = job("echo", b"1")
        submitting = self.background(lambda: pool.submit(one))
        assert pool.wait_finished(one)[0].payload == b"1"
        self.result_of(submitting)

    def test_two_pools_in_one_process_do_not_meet(self, start_pool: StartPool) -> None:
        one, two = start_pool(), start_pool()
        assert one.run(job("echo", b"1"))[0].payload == b"1"
        assert two.run(job("echo", b"2"))[0].payload == b"2"
        one.stop(0)
        assert two.run(job("echo", b"3"))[0].payload == b"3"

    @lacks("processes")
    def test_without_processes_jobs_run_in_this_one(self, start_pool: StartPool) -> None:
        pool = start_pool()
        one = job()
        assert pool.run(one)[0].summary == str(os.getpid())
        assert pool.pids == {one.key: os.getpid()}
        assert list(pool.pool.pids()) == []

    @needs("in_place")
    def test_in_place_a_job_runs_in_the_thread_that_hears_of_it(self, start_pool: StartPool) -> None:
        assert start_pool().run(job("thread"))[0].reason == str(threading.get_ident())

    @lacks("in_place")
    def test_the_thread_that_hears_of_jobs_runs_none(self, start_pool: StartPool) -> None:
        here = f"{os.getpid()} {threading.get_ident()}"
        outcome = start_pool().run(job("thread"))[0]
        assert f"{outcome.summary} {outcome.reason}" != here, "declare the feature in_place"

    @needs("concurrent")
    def test_jobs_really_run_at_the_same_time(self, start_pool: StartPool) -> None:
        outcomes = start_pool(concurrency=3).run(*jobs(3, "meet:3"))
        assert {outcome.reason for outcome in outcomes} == {"met"}

    @needs("concurrent")
    def test_no_more_jobs_run_at_once_than_the_settings_say(self, start_pool: StartPool) -> None:
        outcomes = start_pool(concurrency=2).run(*jobs(20, "census"))
        assert max(int(outcome.reason) for outcome in outcomes) <= 2

    @needs("concurrent")
    def test_a_long_job_holds_up_no_other(self, start_pool: StartPool) -> None:
        pool = start_pool(concurrency=2)
        slow, batch = job("wait:gate"), jobs(50)
        pool.submit(slow, *batch)
        pool.wait_finished(*batch)
        assert slow.key not in pool.outcomes
        pool.runner.open_gate("gate")
        assert pool.wait_finished(slow)[0].reason == "waited"

    @needs("concurrent", "join")
    def test_a_job_may_wait_for_what_another_one_does(self, start_pool: StartPool) -> None:
        waiting, other = start_pool(concurrency=2).run(job("wait:gate"), job("open:gate"))
        assert (waiting.reason, other.reason) == ("waited", "opened")

    @lacks("concurrent")
    def test_without_concurrency_more_than_one_at_a_time_is_refused(self, make_pool: MakePool) -> None:
        self.assert_refused(make_pool, concurrency=2)

    @lacks("max_tasks_per_child")
    def test_an_undeclared_limit_of_tasks_per_child_is_refused(self, make_pool: MakePool) -> None:
        self.assert_refused(make_pool, max_tasks_per_child=10)

    @lacks("max_memory_per_child")
    def test_an_undeclared_limit_of_memory_per_child_is_refused(self, make_pool: MakePool) -> None:
        self.assert_refused(make_pool, max_memory_per_child_kib=100_000)
