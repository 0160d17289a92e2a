"""Tasks of a real app, run by the pool as a worker would run them, and no worker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel import Umbel
from umbel.contracts.pool import PoolSettings
from umbel.execution.runner import TaskRunner
from umbel.model import Finished, Job, Message, Outcome, Started
from umbel_asyncio import coroutines
from umbel_asyncio.pool import AsyncioPool
from umbel_conformance.worker import BareTransport

#: Nothing here waits for time to pass; this only bounds a test that has failed already.
PATIENCE_S = 60.0


class KeepingTransport(BareTransport):
    """Takes everything, and keeps it to be looked at."""

    contract_version = 1

    def __init__(self, url: str, settings: Any = None) -> None:
        super().__init__(url, settings)
        self.published: list[Message] = []

    def publish(self, messages: Any) -> None:
        self.published += messages


class Bench:
    """A pool that has started, and what came out of it."""

    def __init__(self, app: Umbel, concurrency: int) -> None:
        self.app = app
        self.pool = AsyncioPool(PoolSettings(concurrency=concurrency))
        self.pool.start(TaskRunner(app, "celery@test"))
        self.begun: set[int] = set()
        self.outcomes: dict[int, Outcome] = {}
        self._keys = iter(range(1, 1_000_000))

    def job(self, task: Any, *args: Any, embed: dict[str, Any] | None = None, **limits: float) -> Job:
        key = next(self._keys)
        headers = {"task": task.name, "id": f"id-{key}", "retries": 0, "root_id": f"id-{key}"}
        body = json.dumps([args, {}, embed or {}]).encode()
        message = Message("celery", body, headers, content_type="application/json", content_encoding="utf-8")
        return Job(key, task.name, f"id-{key}", message, **limits)

    def submit(self, task: Any, *args: Any, **more: Any) -> Job:
        job = self.job(task, *args, **more)
        self.pool.submit([job])
        return job

    def run(self, task: Any, *args: Any, **more: Any) -> Outcome:
        return self.wait(self.submit(task, *args, **more))[0]

    def wait(self, *jobs: Job) -> list[Outcome]:
        while not all(job.key in self.outcomes for job in jobs):
            self.look(PATIENCE_S)
        return [self.outcomes[job.key] for job in jobs]

    def wait_begun(self, *jobs: Job) -> None:
        while not all(job.key in self.begun for job in jobs):
            self.look(PATIENCE_S)

    def look(self, timeout_s: float) -> None:
        events = self.pool.events(timeout_s)
        assert events or timeout_s == 0, f"nothing happened in {timeout_s} s"
        for event in events:
            if isinstance(event, Started):
                self.begun.add(event.key)
            elif isinstance(event, Finished):
                assert event.key not in self.outcomes, "a job finished twice"
                self.outcomes[event.key] = event.outcome


def result(outcome: Outcome) -> Any:
    """What the record of the outcome has as the result."""
    assert outcome.payload is not None, outcome
    return json.loads(outcome.payload)["result"]


@pytest.fixture
def app() -> Iterator[Umbel]:
    app = Umbel("proj", broker="keeping://here", set_as_current=False)
    app.catalogue.register("transport", "keeping", KeepingTransport)
    yield app
    app.close()


@pytest.fixture
def bench(app: Umbel) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def start(concurrency: int = 100) -> Bench:
        benches.append(Bench(app, concurrency))
        return benches[-1]

    yield start
    for each in benches:
        each.pool.stop(0)


@pytest.fixture(name="result")
def result_() -> Callable[[Outcome], Any]:
    return result


@pytest.fixture
def short_cleanup(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was cancelled has a tenth of a second."""
    monkeypatch.setattr(coroutines, "CLEANUP_S", 0.1)
