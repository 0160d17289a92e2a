"""Time limits, termination and stopping, inside of coroutines."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from typing import Any

import pytest

from umbel import Umbel, states
from umbel.exceptions import PermanentError, SoftTimeLimitExceeded, UnsupportedError

SHORT_S = 0.1
FOREVER_S = 3600.0


def test_a_soft_limit_is_raised_where_the_coroutine_waits(app: Umbel, bench: Any, result: Any) -> None:
    @app.task
    async def work() -> Any:
        try:
            await asyncio.sleep(FOREVER_S)
        except SoftTimeLimitExceeded as error:
            return list(error.args)

    assert result(bench().run(work, soft_time_limit=SHORT_S)) == [SHORT_S]


def test_a_soft_limit_that_nobody_catches_is_the_failure_of_that_name(app: Umbel, bench: Any, result: Any) -> None:
    @app.task
    async def work() -> None:
        await asyncio.sleep(FOREVER_S)

    outcome = bench().run(work, soft_time_limit=SHORT_S)
    assert (outcome.state, outcome.lost) == (states.FAILURE, False)
    assert result(outcome)["exc_type"] == "SoftTimeLimitExceeded"
    assert result(outcome)["exc_module"] == "umbel.exceptions"
    assert "await asyncio.sleep(FOREVER_S)" in (outcome.traceback or "")


def test_what_is_gathered_is_cancelled_at_the_soft_limit(app: Umbel, bench: Any, result: Any) -> None:
    ended: list[str] = []

    async def part() -> None:
        try:
            await asyncio.sleep(FOREVER_S)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    @app.task
    async def gather() -> Any:
        try:
            await asyncio.gather(part(), part())
        except SoftTimeLimitExceeded:
            await asyncio.sleep(0)
            return ended

    @app.task
    async def wait_for() -> None:
        await asyncio.wait_for(part(), FOREVER_S)

    pool = bench()
    assert result(pool.run(gather, soft_time_limit=SHORT_S)) == ["cancelled"] * 2
    assert result(pool.run(wait_for, soft_time_limit=SHORT_S))["exc_type"] == "SoftTimeLimitExceeded"
    assert ended == ["cancelled"] * 3


@pytest.mark.skipif(sys.version_info < (3, 11), reason="task groups came with Python 3.11")
def test_a_task_group_ends_its_tasks_at_the_soft_limit(app: Umbel, bench: Any, result: Any) -> None:
    ended: list[str] = []

    async def part() -> None:
        try:
            await asyncio.sleep(FOREVER_S)
        finally:
            ended.append("ended")

    @app.task
    async def group() -> Any:
        try:
            async with asyncio.TaskGroup() as tasks:  # type: ignore[attr-defined,unused-ignore]
                tasks.create_task(part())
        except SoftTimeLimitExceeded:
            async with asyncio.timeout(FOREVER_S):  # type: ignore[attr-defined,unused-ignore]
                await asyncio.sleep(0)  # the task is not counted as cancelled any more
            return ended

    assert result(bench().run(group, soft_time_limit=SHORT_S)) == ["ended"]


def test_a_hard_limit_cancels_and_its_outcome_is_told_at_once_and_once(app: Umbel, bench: Any) -> None:
    told: list[str] = []
    cleaned = threading.Event()

    class Telling(app.Task):  # type: ignore[name-defined,misc]
        def on_success(self, *args: Any) -> None:
            told.append("on_success")

        def on_failure(self, exc: Any, *args: Any) -> None:
            told.append(repr(exc))

    @app.task(base=Telling)
    async def work() -> str:
        try:
            await asyncio.sleep(FOREVER_S)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            cleaned.set()
        return "swallowed"

    pool = bench(1)
    outcome = pool.run(work, time_limit=SHORT_S)
    assert (outcome.state, outcome.summary, outcome.lost) == (states.FAILURE, f"TimeLimitExceeded({SHORT_S})", True)
    assert cleaned.wait(60)
    pool.pool.stop(None)
    pool.look(0)
    assert told == [f"TimeLimitExceeded({SHORT_S})"]


@pytest.mark.usefixtures("short_cleanup")
@pytest.mark.filterwarnings("ignore:Exception ignored in. <coroutine object")
def test_a_coroutine_that_swallows_everything_is_not_continued(
    app: Umbel, bench: Any, result: Any, caplog: pytest.LogCaptureFixture
) -> None:
    turns: list[None] = []
    let_go = threading.Event()

    @app.task
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(0)
                turns.append(None)
            except asyncio.CancelledError:
                pass
            except GeneratorExit:
                let_go.set()

    @app.task
    async def good() -> str:
        return "here"

    pool = bench(1)
    assert pool.run(stubborn, time_limit=SHORT_S).lost
    assert result(pool.run(good)) == "here", "the slot is free"
    assert let_go.wait(60)
    pool.run(good)
    count = len(turns)
    pool.run(good)
    assert len(turns) == count
    assert "is not continued" in caplog.text


def test_a_hard_limit_is_told_on_time_while_the_coroutine_blocks_the_loop(app: Umbel, bench: Any) -> None:
    go_on = threading.Event()

    @app.task
    async def block() -> None:
        assert go_on.wait(60)

    pool = bench()
    outcome = pool.run(block, time_limit=SHORT_S)
    assert not go_on.is_set()
    assert outcome.summary.startswith("TimeLimitExceeded")
    go_on.set()


def test_limits_of_jobs_that_ended_are_forgotten(app: Umbel, bench: Any) -> None:
    @app.task
    async def quick() -> None: ...

    pool = bench()
    jobs = [pool.job(quick, time_limit=FOREVER_S, soft_time_limit=FOREVER_S) for _ in range(3000)]
    pool.pool.submit(jobs)
    pool.wait(*jobs)
    assert len(pool.pool._deadlines._heap) < 3000


def test_a_coroutine_is_terminated_and_a_function_cannot_be(app: Umbel, bench: Any) -> None:
    go_on = threading.Event()

    @app.task
    async def wait() -> None:
        await asyncio.sleep(FOREVER_S)

    @app.task
    def block() -> None:
        assert go_on.wait(60)

    pool = bench()
    waiting, blocking = pool.submit(wait), pool.submit(block)
    pool.wait_begun(waiting, blocking)
    assert pool.pool.terminate(waiting.key, signal.SIGTERM)
    assert pool.wait(waiting)[0].summary == "TaskRevokedError('terminated')"
    with pytest.raises(UnsupportedError, match="thread"):
        pool.pool.terminate(blocking.key, signal.SIGTERM)
    go_on.set()
    pool.wait(blocking)
    assert not pool.pool.terminate(blocking.key, signal.SIGTERM)


def test_when_it_is_stopped_cold_coroutines_clean_up_first(app: Umbel, bench: Any) -> None:
    cleaned: list[str] = []

    @app.task
    async def work() -> None:
        try:
            await asyncio.sleep(FOREVER_S)
        finally:
            await asyncio.sleep(0)
            cleaned.append("cleaned")

    pool = bench()
    job = pool.submit(work)
    pool.wait_begun(job)
    assert list(pool.pool.stop(0)) == []
    assert cleaned == ["cleaned"]
    pool.look(0)
    assert pool.outcomes[job.key].lost


def test_time_limits_are_kept_while_a_warm_stop_waits(app: Umbel, bench: Any) -> None:
    @app.task
    async def work() -> None:
        await asyncio.sleep(FOREVER_S)

    pool = bench()
    job = pool.submit(work, time_limit=SHORT_S)
    pool.wait_begun(job)
    pool.pool.stop(None)
    pool.look(0)
    assert pool.outcomes[job.key].summary.startswith("TimeLimitExceeded")


def test_what_jobs_have_left_behind_is_cancelled_at_the_end(app: Umbel, bench: Any) -> None:
    left: list[Any] = []

    @app.task
    async def leave() -> None:
        left.append(asyncio.ensure_future(asyncio.sleep(FOREVER_S)))

    pool = bench()
    pool.run(leave)
    pool.pool.stop(None)
    assert left[0].cancelled()


@pytest.mark.usefixtures("short_cleanup")
def test_a_loop_that_stands_still_is_left_behind(app: Umbel, bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    go_on = threading.Event()

    @app.task
    async def block() -> None:
        assert go_on.wait(60)

    pool = bench()
    job = pool.submit(block)
    pool.wait_begun(job)
    pool.pool.stop(0)
    pool.look(0)
    assert pool.outcomes[job.key].lost
    assert "stands still" in caplog.text
    go_on.set()


def test_after_it_has_stopped_it_takes_no_jobs(app: Umbel, bench: Any) -> None:
    @app.task
    async def work() -> None: ...

    pool = bench()
    pool.pool.stop(None)
    with pytest.raises(PermanentError, match="stopped"):
        pool.submit(work)
