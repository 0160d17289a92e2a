"""A pool whose tasks are functions of the test: they are forked with it, so nothing has to be importable."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel.contracts.pool import PoolSettings
from umbel.model import Finished, Job, Message, Outcome, Started
from umbel_prefork.pool import PreforkPool

PATIENCE_S = 30.0


class Functions:
    """A runner: the task's name is a function's, its argument is the message's body."""

    def __init__(self, **functions: Callable[[bytes], Any]) -> None:
        self.functions = functions
        self.on_start: Callable[[], None] = lambda: None
        self.on_stop: Callable[[], None] = lambda: None

    def run(self, job: Job) -> Outcome:
        begun = time.perf_counter()
        try:
            value = self.functions[job.task](job.message.body)
        except Exception as error:
            return Outcome("FAILURE", summary=repr(error))
        payload = value if isinstance(value, bytes) else repr(value).encode()
        return Outcome("SUCCESS", payload=payload, runtime_s=time.perf_counter() - begun)

    def lost(self, job: Job, error: BaseException) -> Outcome:
        return Outcome("FAILURE", summary=f"{type(error).__name__}: {error}", lost=True)

    def process_started(self) -> None:
        self.on_start()

    def process_stopping(self) -> None:
        self.on_stop()


class Bench:
    """A pool under test and what has come out of it."""

    def __init__(self) -> None:
        self._keys = itertools.count(1)
        self.pool: Any = None
        self.started: dict[int, int] = {}
        self.outcomes: dict[int, Outcome] = {}

    def start(self, runner: Functions, concurrency: int = 1, **settings: Any) -> PreforkPool:
        self.pool = PreforkPool(PoolSettings(concurrency=concurrency, **settings))
        self.pool.start(runner)
        return self.pool

    def job(self, task: str, body: bytes = b"", **limits: float) -> Job:
        key = next(self._keys)
        return Job(key, task, f"id-{key}", Message("celery", body, {"task": task}), **limits)

    def jobs(self, count: int, task: str, body: bytes = b"", **limits: float) -> list[Job]:
        return [self.job(task, body, **limits) for _ in range(count)]

    def listen(self, timeout_s: float = 0.05) -> None:
        """Take note of what has happened; fails if anything comes twice."""
        for event in self.pool.events(timeout_s):
            if isinstance(event, Started):
                assert event.key not in self.started
                self.started[event.key] = event.pid
            else:
                assert isinstance(event, Finished)
                assert event.key in self.started
                assert event.key not in self.outcomes
                self.outcomes[event.key] = event.outcome

    def until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{self.started=} {self.outcomes=}"
            self.listen()

    def begun(self, *jobs: Job) -> None:
        self.until(lambda: all(job.key in self.started for job in jobs))

    def finished(self, *jobs: Job) -> list[Outcome]:
        self.until(lambda: all(job.key in self.outcomes for job in jobs))
        return [self.outcomes[job.key] for job in jobs]

    def run(self, *jobs: Job) -> list[Outcome]:
        self.pool.submit(jobs)
        return self.finished(*jobs)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    if bench.pool is not None:
        bench.pool.stop(0)


@pytest.fixture
def functions() -> type[Functions]:
    return Functions
