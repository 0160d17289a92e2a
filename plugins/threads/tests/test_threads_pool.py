from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel.contracts.pool import PoolSettings
from umbel.exceptions import ImproperlyConfigured, PermanentError
from umbel.model import Finished, Job, Message, Outcome, Started
from umbel_conformance import PoolConformance
from umbel_conformance.pool import MakePool
from umbel_threads.pool import ThreadsPool


class TestThreadsPool(PoolConformance):
    capability_row = "threads"

    @pytest.fixture
    def make_pool(self) -> MakePool:
        return ThreadsPool


class Functions:
    def __init__(self, **functions: Callable[[], Any]) -> None:
        self.functions = functions

    def run(self, job: Job) -> Outcome:
        return Outcome("SUCCESS", summary=repr(self.functions[job.task]()))

    def lost(self, job: Job, error: BaseException) -> Outcome:
        return Outcome("FAILURE", summary=repr(error), lost=True)

    def process_started(self) -> None:
        raise AssertionError("there is no process")

    process_stopping = process_started


def job(key: int, task: str) -> Job:
    return Job(key, task, str(key), Message("celery", b""))


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture
def start() -> Iterator[Callable[..., ThreadsPool]]:
    pools: list[ThreadsPool] = []

    def start(concurrency: int, **functions: Callable[[], Any]) -> ThreadsPool:
        pools.append(ThreadsPool(PoolSettings(concurrency=concurrency)))
        pools[-1].start(Functions(**functions))
        return pools[-1]

    yield start
    for pool in pools:
        pool.stop(0)


def outcomes(pool: ThreadsPool, count: int) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    while len(found) < count:
        events = pool.events(30)
        assert events
        found.update({event.key: event.outcome for event in events if isinstance(event, Finished)})
    return found


def begun(pool: ThreadsPool) -> None:
    assert any(isinstance(event, Started) for event in pool.events(30))


def test_jobs_run_in_threads_with_names(start: Callable[..., ThreadsPool]) -> None:
    pool = start(2, name=lambda: threading.current_thread().name)
    pool.submit([job(key, "name") for key in range(20)])
    names = {outcome.summary for outcome in outcomes(pool, 20).values()}
    assert names <= {"'umbel-thread-1'", "'umbel-thread-2'"}


def test_what_leaves_the_runner_is_an_outcome_and_the_thread_lives_on(start: Callable[..., ThreadsPool]) -> None:
    def leave() -> None:
        raise SystemExit(3)

    pool = start(1, leave=leave, stay=lambda: "here")
    pool.submit([job(1, "leave"), job(2, "stay")])
    found = outcomes(pool, 2)
    assert (found[1].summary, found[1].lost) == ("SystemExit(3)", True)
    assert found[2].summary == "'here'"


def test_a_task_that_is_left_behind_tells_nothing_more(
    start: Callable[..., ThreadsPool], gate: threading.Event
) -> None:
    pool = start(1, wait=gate.wait)
    pool.submit([job(1, "wait"), job(2, "wait")])
    begun(pool)
    assert [one.key for one in pool.stop(0)] == [2]
    assert outcomes(pool, 1)[1].lost
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("umbel-thread")]
    gate.set()
    for thread in threads:
        thread.join(30)
    assert pool.events(0) == []


def test_a_warm_stop_that_is_broken_off_can_be_made_cold(
    start: Callable[..., ThreadsPool], gate: threading.Event
) -> None:
    class EnoughError(Exception):
        pass

    def enough(*_: Any) -> None:
        raise EnoughError

    pool = start(1, wait=gate.wait)
    pool.submit([job(1, "wait"), job(2, "wait")])
    begun(pool)
    before = signal.signal(signal.SIGALRM, enough)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(EnoughError):
            pool.stop(None)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [one.key for one in pool.stop(0)] == [2]
    assert outcomes(pool, 1)[1].lost


def test_a_pool_that_shrinks_while_jobs_wait_runs_them_in_fewer_threads(
    start: Callable[..., ThreadsPool], gate: threading.Event
) -> None:
    pool = start(3, wait=gate.wait, name=lambda: threading.current_thread().name)
    pool.submit([job(key, "wait") for key in range(3)] + [job(key, "name") for key in range(3, 50)])
    begun(pool)
    pool.resize(1)
    gate.set()
    found = outcomes(pool, 50)
    assert len({found[key].summary for key in range(3, 50)}) == 1


def test_after_it_has_stopped_it_takes_no_jobs(start: Callable[..., ThreadsPool]) -> None:
    pool = start(1)
    pool.stop(None)
    with pytest.raises(PermanentError, match="stopped"):
        pool.submit([job(1, "any")])


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"max_tasks_per_child": 5}, {"max_memory_per_child_kib": 1000}])
def test_what_it_cannot_honour_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match="threads"):
        ThreadsPool(PoolSettings(**wrong))
