"""Real tasks that misbehave, run as a worker would run them: the right state is recorded, and the slot is free."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel.contracts import PoolSettings
from umbel_conformance.capabilities import needs
from umbel_conformance.pool import hard_tasks
from umbel_conformance.pool.bench import MakePool, PoolBench, Watched
from umbel_conformance.pool.scripted import ScriptedRunner

#: Runs one task after another in the only slot; gives what was recorded of each.
RunTasks = Callable[..., list[tuple[str, Any]]]
FINE = ("SUCCESS", "fine")


class Enduring(PoolBench):
    @pytest.fixture
    def run_tasks(self, make_pool: MakePool, runner: ScriptedRunner) -> Iterator[RunTasks]:
        keys = itertools.count(1)
        with hard_tasks.hard_app(self.coroutines) as app:
            pool = make_pool(PoolSettings(concurrency=1))
            pool.start(hard_tasks.runner_of(app))
            watched = Watched(pool, runner, self.patience_s)

            def run(*functions: Callable[[], Any], **limits: float) -> list[tuple[str, Any]]:
                jobs = [hard_tasks.hard_job(next(keys), function, **limits) for function in functions]
                return [hard_tasks.recorded(outcome) for outcome in watched.run(*jobs)]

            yield run
            pool.stop(0)

    @pytest.mark.parametrize(
        ("task", "error"),
        [
            (hard_tasks.raises, "ValueError"),
            (hard_tasks.raises_what_cannot_be_pickled, "UnpicklableError"),
            (hard_tasks.raises_what_cannot_be_shown, "UnspeakableError"),
            (hard_tasks.raises_a_class_of_its_own, "HiddenError"),
            (hard_tasks.returns_what_cannot_be_encoded, "TypeError"),
            (hard_tasks.returns_a_circle, "TypeError"),
            (hard_tasks.exits, "SystemExit"),
            (hard_tasks.interrupts_itself, "KeyboardInterrupt"),
            (hard_tasks.ends_a_generator, "GeneratorExit"),
            (hard_tasks.recurses, "RecursionError"),
            (hard_tasks.nests, "RecursionError"),
            (hard_tasks.takes_more_memory_than_there_is, "MemoryError"),
        ],
        ids=lambda value: getattr(value, "__name__", ""),
    )
    def test_a_task_that_goes_wrong_has_failed_and_the_next_one_runs(
        self, run_tasks: RunTasks, task: Callable[[], Any], error: str
    ) -> None:
        assert run_tasks(task, hard_tasks.fine, task, hard_tasks.fine) == [("FAILURE", error), FINE] * 2

    @needs("processes")
    @pytest.mark.parametrize("task", [hard_tasks.leaves_at_once, hard_tasks.kills_its_process])
    def test_a_task_that_ends_its_process_has_failed_and_the_next_one_runs(
        self, run_tasks: RunTasks, task: Callable[[], Any]
    ) -> None:
        assert run_tasks(task, hard_tasks.fine) == [("FAILURE", "WorkerLostError"), FINE]

    @needs("soft_time_limit", "time_limit")
    def test_a_task_that_swallows_its_soft_limit_ends_at_its_hard_one(self, run_tasks: RunTasks) -> None:
        limits = {"soft_time_limit": self.short_limit_s, "time_limit": 2 * self.short_limit_s}
        ended = run_tasks(hard_tasks.swallows_its_soft_limit, **limits)
        assert ended + run_tasks(hard_tasks.fine) == [("FAILURE", "TimeLimitExceeded"), FINE]

    @needs("processes", "time_limit")
    def test_a_task_that_blocks_in_c_ends_at_its_hard_limit(self, run_tasks: RunTasks) -> None:
        ended = run_tasks(hard_tasks.blocks_in_c, time_limit=self.short_limit_s)
        assert ended + run_tasks(hard_tasks.fine) == [("FAILURE", "TimeLimitExceeded"), FINE]
