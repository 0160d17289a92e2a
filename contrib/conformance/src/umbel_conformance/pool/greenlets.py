"""What holds for a pool whose jobs run in greenlets, because its plugin has patched the standard library.

A subclass names the pool and gives the fixture `make_pool`; its tests run apart (`umbel_conformance.apart`). These are
not asked of other pools, so they come beside `PoolConformance` and not with it.
"""

from __future__ import annotations

import asyncio
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from umbel.contracts.pool import Pool, PoolSettings
from umbel.exceptions import ImproperlyConfigured, PermanentError, SoftTimeLimitExceeded, WorkerTerminate
from umbel.model import Finished, Job, Message, Outcome, Started
from umbel_conformance.pool.bench import MakePool

SHORT_S = 0.1
FOREVER_S = 3600.0

#: Starts a pool with so many slots, whose jobs are calls of the functions that are named.
Start = Callable[..., Pool]


class Functions:
    def __init__(self, **functions: Callable[[], Any]) -> None:
        self.functions = functions

    def run(self, job: Job) -> Outcome:
        return Outcome("SUCCESS", summary=repr(self.functions[job.task]()))

    def lost(self, job: Job, error: BaseException) -> Outcome:
        return Outcome("FAILURE", summary=repr(error), lost=True)


def job(key: int, task: str, **limits: Any) -> Job:
    return Job(key, task, str(key), Message("celery", b""), **limits)


def outcomes(pool: Pool, count: int) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    while len(found) < count:
        events = pool.events(30)
        assert events
        found.update({event.key: event.outcome for event in events if isinstance(event, Finished)})
    return found


def begun(pool: Pool) -> None:
    assert any(isinstance(event, Started) for event in pool.events(30))


def sleep_for_ever() -> None:
    time.sleep(FOREVER_S)


class Greenlets:
    """Give it the fixture `make_pool`."""

    #: The pool's name, which its errors say.
    pool: ClassVar[str]

    @pytest.fixture
    def start(self, make_pool: MakePool) -> Iterator[Start]:
        pools: list[Pool] = []

        def start(concurrency: int, **functions: Callable[[], Any]) -> Pool:
            pools.append(make_pool(PoolSettings(concurrency=concurrency)))
            pools[-1].start(Functions(**functions))  # type: ignore[arg-type]
            return pools[-1]

        yield start
        for pool in pools:
            pool.stop(0)

    def test_a_thousand_wait_at_once(self, start: Start) -> None:
        together = threading.Barrier(1000)
        pool = start(1000, meet=together.wait)
        pool.submit([job(key, "meet") for key in range(1000)])
        assert {outcome.summary for outcome in outcomes(pool, 1000).values()} == {
            repr(number) for number in range(1000)
        }

    def test_what_leaves_the_runner_is_an_outcome_and_the_next_job_runs(self, start: Start) -> None:
        def leave() -> None:
            raise SystemExit(3)

        pool = start(1, leave=leave, stay=lambda: "here")
        pool.submit([job(1, "leave"), job(2, "stay")])
        found = outcomes(pool, 2)
        assert (found[1].summary, found[1].lost) == ("SystemExit(3)", True)
        assert found[2].summary == "'here'"

    def test_a_soft_limit_is_raised_where_the_job_waits_and_the_rest_of_it_has_none(
        self,
        start: Start,
    ) -> None:
        def told() -> Any:
            try:
                sleep_for_ever()
            except SoftTimeLimitExceeded as error:
                time.sleep(2 * SHORT_S)
                return list(error.args)

        pool = start(1, told=told)
        pool.submit([job(1, "told", soft_time_limit=SHORT_S)])
        assert outcomes(pool, 1)[1].summary == repr([SHORT_S])

    def test_time_limits_are_kept_while_a_warm_stop_waits(self, start: Start) -> None:
        pool = start(1, sleep=sleep_for_ever)
        pool.submit([job(1, "sleep", time_limit=SHORT_S)])
        pool.stop(None)
        assert outcomes(pool, 1)[1].summary.startswith("TimeLimitExceeded")

    def test_when_it_is_stopped_cold_jobs_clean_up_first(self, start: Start) -> None:
        cleaned: list[str] = []

        def clean() -> None:
            try:
                sleep_for_ever()
            finally:
                time.sleep(0)
                cleaned.append("cleaned")

        pool = start(1, clean=clean)
        pool.submit([job(1, "clean")])
        begun(pool)
        time.sleep(0)
        assert list(pool.stop(0)) == []
        assert cleaned == ["cleaned"]

    def test_a_warm_stop_that_is_broken_off_by_a_signal_can_be_made_cold(self, start: Start) -> None:
        def enough(*_: Any) -> None:
            raise WorkerTerminate(1)

        pool = start(1, sleep=sleep_for_ever)
        pool.submit([job(1, "sleep"), job(2, "sleep")])
        begun(pool)
        before = signal.signal(signal.SIGALRM, enough)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(WorkerTerminate):
                pool.stop(None)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert [one.key for one in pool.stop(0)] == [2]
        assert outcomes(pool, 1)[1].lost

    def test_a_handler_wakes_who_waits_for_events(self, start: Start) -> None:
        pool = start(1)
        before = signal.signal(signal.SIGALRM, lambda *_: pool.wake())
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            assert list(pool.events(None)) == []
        finally:
            signal.signal(signal.SIGALRM, before)

    def test_a_handler_that_was_there_can_be_put_back(self) -> None:
        def handler(*_: Any) -> None: ...

        before = signal.signal(signal.SIGALRM, handler)
        mine = signal.signal(signal.SIGALRM, before)
        assert signal.signal(signal.SIGALRM, mine) == before
        assert signal.signal(signal.SIGALRM, before) is mine

    def test_loops_of_asyncio_do_not_meet(self, start: Start) -> None:
        together = threading.Barrier(10)

        async def part() -> bool:
            await asyncio.sleep(0.01)
            together.wait(30)  # another greenlet runs, while this one's loop does
            return asyncio.get_running_loop().is_running()

        def outside() -> bool:
            together.wait(30)
            return asyncio._get_running_loop() is None

        pool = start(10, loop=lambda: asyncio.run(part()), outside=outside)
        pool.submit([job(key, "loop" if key % 2 else "outside") for key in range(10)])
        assert {outcome.summary for outcome in outcomes(pool, 10).values()} == {"True"}

    def test_a_queue_of_the_standard_library_lets_others_run(self, start: Start) -> None:
        letters: queue.SimpleQueue[str] = queue.SimpleQueue()
        pool = start(3, get=letters.get, get_too=lambda: letters.get(timeout=30), put=lambda: letters.put("letter"))
        pool.submit([job(1, "get"), job(2, "get_too"), job(3, "put"), job(4, "put")])
        found = outcomes(pool, 4)
        assert [found[key].summary for key in (1, 2)] == ["'letter'"] * 2
        with pytest.raises(queue.Empty):
            letters.get(timeout=0.01)

    def test_after_it_has_stopped_it_takes_no_jobs(self, start: Start) -> None:
        pool = start(1)
        pool.stop(None)
        with pytest.raises(PermanentError, match="stopped"):
            pool.submit([job(1, "any")])

    @pytest.mark.parametrize(
        "wrong", [{"concurrency": 0}, {"max_tasks_per_child": 5}, {"max_memory_per_child_kib": 1000}]
    )
    def test_what_it_cannot_honour_is_refused(self, make_pool: MakePool, wrong: dict[str, Any]) -> None:
        with pytest.raises(ImproperlyConfigured, match=self.pool):
            make_pool(PoolSettings(**wrong))

    def test_where_nothing_is_patched_it_is_refused(self, make_pool: MakePool) -> None:
        made = type(make_pool(PoolSettings()))
        lines = (
            "from umbel.contracts.pool import PoolSettings",
            f"from {made.__module__} import {made.__name__}",
            f"{made.__name__}(PoolSettings())",
        )
        ran = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
        said = f"ImproperlyConfigured: the pool '{self.pool}' needs a standard library that waits in greenlets"
        assert said in ran.stderr
