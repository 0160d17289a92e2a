from __future__ import annotations

import asyncio
import os
import queue
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel import signals
from umbel.contracts.pool import PoolSettings
from umbel.exceptions import ImproperlyConfigured, PermanentError, SoftTimeLimitExceeded, WorkerTerminate
from umbel.model import Finished, Job, Message, Outcome, Started
from umbel_eventlet import files, interrupts, work
from umbel_eventlet.pool import EventletPool

SHORT_S = 0.1
FOREVER_S = 3600.0


class Functions:
    def __init__(self, **functions: Callable[[], Any]) -> None:
        self.functions = functions

    def run(self, job: Job) -> Outcome:
        return Outcome("SUCCESS", summary=repr(self.functions[job.task]()))

    def lost(self, job: Job, error: BaseException) -> Outcome:
        return Outcome("FAILURE", summary=repr(error), lost=True)


def job(key: int, task: str, **limits: float) -> Job:
    return Job(key, task, str(key), Message("celery", b""), **limits)


@pytest.fixture
def start() -> Iterator[Callable[..., EventletPool]]:
    pools: list[EventletPool] = []

    def start(concurrency: int, **functions: Callable[[], Any]) -> EventletPool:
        pools.append(EventletPool(PoolSettings(concurrency=concurrency)))
        pools[-1].start(Functions(**functions))  # type: ignore[arg-type]
        return pools[-1]

    yield start
    for pool in pools:
        pool.stop(0)


def outcomes(pool: EventletPool, count: int) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    while len(found) < count:
        events = pool.events(30)
        assert events
        found.update({event.key: event.outcome for event in events if isinstance(event, Finished)})
    return found


def begun(pool: EventletPool) -> None:
    assert any(isinstance(event, Started) for event in pool.events(30))


def sleep_for_ever() -> None:
    time.sleep(FOREVER_S)


def test_a_thousand_wait_at_once(start: Callable[..., EventletPool]) -> None:
    together = threading.Barrier(1000)
    pool = start(1000, meet=together.wait)
    pool.submit([job(key, "meet") for key in range(1000)])
    assert {outcome.summary for outcome in outcomes(pool, 1000).values()} == {repr(number) for number in range(1000)}


def test_what_leaves_the_runner_is_an_outcome_and_the_next_job_runs(start: Callable[..., EventletPool]) -> None:
    def leave() -> None:
        raise SystemExit(3)

    pool = start(1, leave=leave, stay=lambda: "here")
    pool.submit([job(1, "leave"), job(2, "stay")])
    found = outcomes(pool, 2)
    assert (found[1].summary, found[1].lost) == ("SystemExit(3)", True)
    assert found[2].summary == "'here'"


def test_a_job_that_swallows_its_end_is_killed_again_and_again(
    start: Callable[..., EventletPool], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(work, "INSIST_S", 0.02)
    ends: list[type[BaseException]] = []

    def stubborn() -> None:
        while len(ends) < 3:
            try:
                sleep_for_ever()
            except BaseException as error:
                ends.append(type(error))

    pool = start(1, stubborn=stubborn, good=lambda: "here")
    pool.submit([job(1, "stubborn", time_limit=SHORT_S), job(2, "good")])
    found = outcomes(pool, 2)
    assert found[1].summary == f"TimeLimitExceeded({SHORT_S})"
    assert found[2].summary == "'here'", "the slot is free"
    pool.stop(None)
    assert ends == [work.Killed] * 3
    assert "it is killed wherever it waits" in caplog.text


def test_a_soft_limit_is_raised_where_the_job_waits_and_the_rest_of_it_has_none(
    start: Callable[..., EventletPool],
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


def test_time_limits_are_kept_while_a_warm_stop_waits(start: Callable[..., EventletPool]) -> None:
    pool = start(1, sleep=sleep_for_ever)
    pool.submit([job(1, "sleep", time_limit=SHORT_S)])
    pool.stop(None)
    assert outcomes(pool, 1)[1].summary.startswith("TimeLimitExceeded")


def test_when_it_is_stopped_cold_jobs_clean_up_first(start: Callable[..., EventletPool]) -> None:
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


def test_a_warm_stop_that_is_broken_off_by_a_signal_can_be_made_cold(start: Callable[..., EventletPool]) -> None:
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


def test_a_signal_comes_through_while_a_job_does_not_wait(
    start: Callable[..., EventletPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "PAUSE_S", 30.0)
    heard: list[int] = []

    def enough(number: int, frame: Any) -> None:
        time.sleep(0)  # it may wait, too
        heard.append(number)
        raise WorkerTerminate(1)

    def hog() -> None:
        while not heard:
            pass

    pool = start(1, hog=hog)
    before = signal.signal(signal.SIGALRM, enough)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        pool.submit([job(1, "hog")])
        begun(pool)
        with pytest.raises(WorkerTerminate):
            pool.events(30)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert heard == [signal.SIGALRM]
    pool.stop(0)
    assert outcomes(pool, 1)[1].lost


def test_a_handler_wakes_who_waits_for_events(start: Callable[..., EventletPool]) -> None:
    pool = start(1)
    before = signal.signal(signal.SIGALRM, lambda *_: pool.wake())
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        assert list(pool.events(None)) == []
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_handler_that_was_there_can_be_put_back() -> None:
    def handler(*_: Any) -> None: ...

    before = signal.signal(signal.SIGALRM, handler)
    mine = signal.signal(signal.SIGALRM, before)
    assert signal.signal(signal.SIGALRM, mine) == before
    assert signal.signal(signal.SIGALRM, before) is mine


def test_loops_of_asyncio_do_not_meet(start: Callable[..., EventletPool]) -> None:
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


def test_a_queue_of_the_standard_library_lets_others_run(start: Callable[..., EventletPool]) -> None:
    letters: queue.SimpleQueue[str] = queue.SimpleQueue()
    pool = start(3, get=letters.get, get_too=lambda: letters.get(timeout=30), put=lambda: letters.put("letter"))
    pool.submit([job(1, "get"), job(2, "get_too"), job(3, "put"), job(4, "put")])
    found = outcomes(pool, 4)
    assert [found[key].summary for key in (1, 2)] == ["'letter'"] * 2
    with pytest.raises(queue.Empty):
        letters.get(timeout=0.01)


def test_the_worker_may_open_as_many_files_as_its_jobs_need() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(500, soft), hard))
        files.make_room(1000)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(3100, hard)
        files.make_room(1)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(3100, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_celerys_signals_of_this_pool_are_sent(start: Callable[..., EventletPool]) -> None:
    heard: list[tuple[str, Any]] = []

    def hear(signal: Any, sender: Any, **named: Any) -> None:
        heard.append((signal.name, sorted(named)))

    sent = [
        signals.eventlet_pool_started,
        signals.eventlet_pool_apply,
        signals.eventlet_pool_preshutdown,
        signals.eventlet_pool_postshutdown,
    ]
    for each in sent:
        each.connect(hear)
    try:
        pool = start(1, one=lambda: 1)
        pool.submit([job(1, "one")])
        outcomes(pool, 1)
        pool.stop(None)
        pool.stop(0)
    finally:
        for each in sent:
            each.disconnect(hear)
    named = [[], ["args", "kwargs", "target"], [], []]
    assert heard == list(zip([each.name for each in sent], named, strict=True))


def test_a_descriptor_that_is_non_blocking_does_not_block() -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    with pytest.raises(BlockingIOError):
        os.read(read, 1)
    assert os.write(write, b"1") == 1
    assert os.read(read, 10) == b"1"
    for descriptor in (read, write):
        os.close(descriptor)


def test_polling_lets_others_run(start: Callable[..., EventletPool]) -> None:
    here, there = socket.socketpair()

    def wait() -> Any:
        poll = select.poll()
        poll.register(here, select.POLLIN)
        assert poll.poll(0) == []
        return [events for _, events in poll.poll(30_000)]

    pool = start(2, wait=wait, send=lambda: there.send(b"1"))
    pool.submit([job(1, "wait"), job(2, "send")])
    assert outcomes(pool, 2)[1].summary == repr([select.POLLIN])
    here.close()
    there.close()


def test_after_it_has_stopped_it_takes_no_jobs(start: Callable[..., EventletPool]) -> None:
    pool = start(1)
    pool.stop(None)
    with pytest.raises(PermanentError, match="stopped"):
        pool.submit([job(1, "any")])


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"max_tasks_per_child": 5}, {"max_memory_per_child_kib": 1000}])
def test_what_it_cannot_honour_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match="eventlet"):
        EventletPool(PoolSettings(**wrong))


def test_where_nothing_is_patched_it_is_refused() -> None:
    program = """
from umbel import signals
from umbel.contracts.pool import PoolSettings
from umbel_eventlet.pool import EventletPool
EventletPool(PoolSettings())
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "ImproperlyConfigured: the pool 'eventlet' needs a standard library that waits in greenlets" in ran.stderr
