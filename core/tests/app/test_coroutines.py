"""`async def` tasks where nothing is a pool of coroutines: eager mode and `solo`; and what drives a run."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from umbel import Umbel
from umbel.contracts import Pool
from umbel.exceptions import ImproperlyConfigured
from umbel.execution.drive import drive
from umbel.execution.plan import TaskPlan
from umbel.solo import SoloPool
from umbel.worker import Worker


def test_a_coroutine_that_raises_what_it_is_retried_for_is_tried_again(app: Umbel) -> None:
    tries = []

    @app.task(autoretry_for=(ConnectionError,), retry_kwargs={"countdown": 0})
    async def fetch(x: int) -> int:
        await asyncio.sleep(0)
        tries.append(fetch.request.retries)
        if len(tries) < 3:
            raise ConnectionError("again")
        return x

    assert fetch.apply((5,)).get() == 5
    assert tries == [0, 1, 2]


def test_a_coroutine_is_tried_again_by_a_worker(app: Umbel, run_worker: Any) -> None:
    @app.task(bind=True, max_retries=1)
    async def fetch(self: Any) -> str:
        if self.request.retries == 0:
            await self.aretry(countdown=0)
        return "there"

    run_worker(app)
    assert fetch.delay().get(timeout=10) == "there"


def test_a_coroutine_that_gives_up_fails_with_its_own_error(app: Umbel) -> None:
    @app.task(autoretry_for=(ConnectionError,), max_retries=1, retry_kwargs={"countdown": 0})
    async def fetch() -> None:
        raise ConnectionError("never")

    with pytest.raises(ConnectionError, match="never"):
        fetch.apply().get()


def test_a_coroutine_runs_eagerly_within_a_loop(app: Umbel) -> None:
    @app.task
    async def work(x: int) -> int:
        await asyncio.sleep(0)
        return x + int(work.request.retries)

    async def go() -> Any:
        return work.apply((1,)).get()

    assert asyncio.run(go()) == 1


def test_what_follows_a_coroutine_is_published(app: Umbel, run_worker: Any) -> None:
    seen = []

    @app.task
    async def first() -> int:
        return 1

    @app.task
    def note(x: int) -> None:
        seen.append(x)

    run_worker(app)
    result = first.apply_async(link=note.si(7))
    assert result.get(timeout=10) == 1
    (child,) = result.children
    child.get(timeout=10)
    assert seen == [7]


def test_a_run_is_driven_through_functions_and_coroutines_and_what_they_raise() -> None:
    async def double(x: int) -> int:
        return 2 * x

    def fail() -> None:
        raise LookupError("no")

    def run() -> Generator[Any, Any, list[Any]]:
        found = [(yield double(1)), (yield lambda: "called")]
        try:
            yield fail
        except LookupError as error:
            found.append(str(error))
        return found

    assert drive(run()) == [2, "called", "no"]


def test_a_task_of_a_coroutine_function_is_known_as_one(app: Umbel) -> None:
    @app.task(bind=True, autoretry_for=(OSError,))
    async def one(self: Any) -> None: ...

    @app.task(autoretry_for=(OSError,))
    def other() -> None: ...

    assert (TaskPlan.of(one).is_async, TaskPlan.of(other).is_async) == (True, False)


class LoopPool(SoloPool):
    contract_version = 1
    features = frozenset({"concurrent"})
    async_features = frozenset({"time_limit"})
    default_concurrency = 300

    def __init__(self, settings: Any) -> None:
        Pool.__init__(self, settings)


def test_a_limit_that_a_pool_keeps_for_coroutines_alone_is_refused_for_functions(app: Umbel) -> None:
    app.catalogue.register("pool", "loop", LoopPool)

    @app.task(time_limit=5)
    async def good() -> None: ...

    Worker(app, pool="loop")

    @app.task(time_limit=5)
    def bad() -> None: ...

    with pytest.raises(
        ImproperlyConfigured, match="bad has a time_limit of 5 s, which the pool 'loop' keeps for `async"
    ):
        Worker(app, pool="loop")


def test_a_pool_says_how_many_jobs_run_at_once_if_nobody_else_does(app: Umbel) -> None:
    app.catalogue.register("pool", "loop", LoopPool)
    assert Worker(app, pool="loop").options.concurrency == 300
    assert Worker(app, pool="loop", concurrency=2).options.concurrency == 2
    app.conf.worker_concurrency = 3
    assert Worker(app, pool="loop").options.concurrency == 3
