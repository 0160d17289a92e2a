"""Tasks in the pool: many at once, with everything around a task that there is in other pools."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from umbel import Umbel, signals, states
from umbel.exceptions import Ignore, Reject
from umbel.execution.context import running
from umbel.model import Action


def test_a_thousand_coroutines_run_at_once_in_one_thread(app: Umbel, bench: Any, result: Any) -> None:
    here: set[str] = set()
    met = asyncio.Event()

    @app.task
    async def meet(number: int) -> int:
        here.add(threading.current_thread().name)
        counted.append(number)
        if len(counted) == 1000:
            met.set()
        await met.wait()
        return number

    counted: list[int] = []
    pool = bench(1000)
    jobs = [pool.job(meet, number) for number in range(1000)]
    pool.pool.submit(jobs)
    assert [result(outcome) for outcome in pool.wait(*jobs)] == list(range(1000))
    assert counted == list(range(1000)), "they begin in their order"
    assert here == {"umbel-asyncio"}


def test_a_function_runs_in_a_thread_and_the_loop_goes_on(app: Umbel, bench: Any, result: Any) -> None:
    go_on = threading.Event()

    @app.task
    def block() -> str:
        assert go_on.wait(60)
        return threading.current_thread().name

    @app.task
    async def let() -> None:
        go_on.set()

    pool = bench()
    blocking, letting = pool.submit(block), pool.submit(let)
    assert result(pool.wait(blocking, letting)[0]) == "umbel-thread-1"


def test_functions_that_take_long_hold_up_no_coroutine(app: Umbel, bench: Any) -> None:
    go_on = threading.Event()

    @app.task
    def block() -> None:
        assert go_on.wait(60)

    @app.task
    async def quick() -> None: ...

    pool = bench(2)
    blocking = [pool.submit(block) for _ in range(5)]
    assert pool.run(quick).state == states.SUCCESS
    go_on.set()
    assert {outcome.state for outcome in pool.wait(*blocking)} == {states.SUCCESS}


def _exit() -> None:
    sys.exit(3)


def _recurse() -> None:
    _recurse()


def _fail(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


class CannotBePickledError(Exception):
    def __init__(self) -> None:
        super().__init__(threading.Lock())


@pytest.mark.parametrize(
    ("end", "state", "summary"),
    [
        (_fail(ValueError("no")), states.FAILURE, "ValueError('no')"),
        (_exit, states.FAILURE, "SystemExit(3)"),
        (_fail(KeyboardInterrupt()), states.FAILURE, "KeyboardInterrupt()"),
        (_fail(asyncio.CancelledError("mine")), states.FAILURE, "CancelledError('mine')"),
        (_fail(GeneratorExit()), states.FAILURE, "GeneratorExit()"),
        (_fail(StopAsyncIteration()), states.FAILURE, "StopAsyncIteration"),
        (_fail(CannotBePickledError()), states.FAILURE, "CannotBePickledError"),
        (_recurse, states.FAILURE, "RecursionError"),
        (object, states.FAILURE, "returned what 'json' cannot encode"),
        (_fail(Ignore()), states.IGNORED, ""),
    ],
)
def test_however_a_coroutine_ends_it_is_an_outcome_and_the_next_one_runs(
    app: Umbel, bench: Any, result: Any, end: Callable[[], Any], state: str, summary: str
) -> None:
    @app.task
    async def work() -> Any:
        await asyncio.sleep(0)
        return end()

    @app.task
    async def good() -> str:
        return "here"

    pool = bench(1)
    outcome = pool.run(work)
    assert (outcome.state, outcome.lost) == (state, False)
    assert summary in outcome.summary
    assert result(pool.run(good)) == "here"


def test_a_coroutine_that_rejects_its_message_has_it_requeued(app: Umbel, bench: Any) -> None:
    @app.task(acks_late=True)
    async def refuse() -> None:
        raise Reject("later", requeue=True)

    assert bench().run(refuse).action is Action.REQUEUE


def test_a_task_that_a_job_has_left_behind_cannot_end_the_loop(app: Umbel, bench: Any, result: Any) -> None:
    @app.task
    async def leave() -> None:
        async def end() -> None:
            sys.exit(1)

        left.append(asyncio.ensure_future(end()))

    @app.task
    async def good() -> str:
        await asyncio.sleep(0)
        return "here"

    left: list[Any] = []
    pool = bench()
    pool.run(leave)
    assert result(pool.run(good)) == "here"


def test_a_coroutine_that_is_cancelled_by_its_own_hand_has_failed(app: Umbel, bench: Any) -> None:
    @app.task
    async def cancel() -> None:
        asyncio.current_task().cancel()  # type: ignore[union-attr]
        await asyncio.sleep(60)

    assert "CancelledError" in bench().run(cancel).summary


def test_each_coroutine_has_its_own_context_and_request(app: Umbel, bench: Any, result: Any) -> None:
    mine: ContextVar[int] = ContextVar("mine", default=-1)
    met = asyncio.Event()
    count = iter(range(1, 51))

    @app.task(bind=True)
    async def work(self: Any, number: int) -> list[Any]:
        before = mine.get()
        mine.set(number)
        if next(count) == 50:
            met.set()
        await met.wait()
        frame = running()
        return [before, mine.get(), self.request.id, frame.request.id if frame else None]

    pool = bench()
    jobs = [pool.job(work, number) for number in range(50)]
    pool.pool.submit(jobs)
    for number, (job, outcome) in enumerate(zip(jobs, pool.wait(*jobs), strict=True)):
        assert result(outcome) == [-1, number, job.task_id, job.task_id]


def test_hooks_and_signals_fire_around_a_coroutine(app: Umbel, bench: Any) -> None:
    told: list[str] = []

    class Telling(app.Task):  # type: ignore[name-defined,misc]
        def before_start(self, *args: Any) -> None:
            told.append("before_start")

        def on_success(self, *args: Any) -> None:
            told.append("on_success")

        def on_failure(self, *args: Any) -> None:
            told.append("on_failure")

        def after_return(self, status: str, *args: Any) -> None:
            told.append(f"after_return {status}")

    def prerun(**kwargs: Any) -> None:
        told.append("prerun")

    def postrun(state: str, **kwargs: Any) -> None:
        told.append(f"postrun {state}")

    @app.task(base=Telling)
    async def work(good: bool) -> None:
        told.append("run")
        await asyncio.sleep(0)
        if not good:
            raise ValueError

    signals.task_prerun.connect(prerun)
    signals.task_postrun.connect(postrun)
    try:
        bench().run(work, True)
        assert told == [
            "prerun", "before_start", "run", "on_success", "after_return SUCCESS", "postrun SUCCESS",
        ]  # fmt: skip
        told.clear()
        bench().run(work, False)
        assert told[3:] == ["on_failure", "after_return FAILURE", "postrun FAILURE"]
    finally:
        signals.task_prerun.disconnect(prerun)
        signals.task_postrun.disconnect(postrun)


def test_successors_are_published_by_another_thread_before_success_is_told(app: Umbel, bench: Any) -> None:
    threads: list[str] = []
    publish = app.transport.publish

    def watch(messages: Any) -> None:
        threads.append(threading.current_thread().name)
        publish(messages)

    app.transport.publish = watch  # type: ignore[method-assign]

    @app.task
    async def first() -> int:
        return 5

    @app.task
    async def then(x: int) -> None: ...

    pool = bench()
    assert pool.run(first, embed={"callbacks": [then.s()]}).state == states.SUCCESS
    (message,) = app.transport.published  # type: ignore[attr-defined]
    assert message.headers["parent_id"] == "id-1"
    assert threads == ["umbel-aside-1"]


def test_a_coroutine_that_is_retried_by_itself_is_sent_again(app: Umbel, bench: Any) -> None:
    @app.task(autoretry_for=(ConnectionError,), retry_backoff=True, retry_jitter=False)
    async def fetch() -> None:
        await asyncio.sleep(0)
        raise ConnectionError("away")

    assert bench().run(fetch).state == states.RETRY
    (message,) = app.transport.published  # type: ignore[attr-defined]
    assert (message.headers["id"], message.headers["retries"]) == ("id-1", 1)


def test_tasks_are_sent_with_await_and_results_are_not_waited_for_with_get(app: Umbel, bench: Any, result: Any) -> None:
    @app.task
    async def send() -> str:
        sent = await send.adelay()
        with pytest.raises(RuntimeError, match="Never call result"):
            sent.get()
        return sent.id

    sent = result(bench().run(send))
    (message,) = app.transport.published  # type: ignore[attr-defined]
    assert (message.headers["id"], message.headers["parent_id"]) == (sent, "id-1")


def test_a_function_that_returns_a_coroutine_is_run_to_its_end(app: Umbel, bench: Any, result: Any) -> None:
    async def later() -> str:
        await asyncio.sleep(0)
        return "done"

    @app.task
    def work() -> Any:
        return later()

    assert result(bench().run(work)) == "done"


def test_a_coroutine_may_start_a_process(app: Umbel, bench: Any, result: Any) -> None:
    @app.task
    async def shell() -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print('hello')", stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        return said.decode().strip()

    assert result(bench().run(shell)) == "hello"
