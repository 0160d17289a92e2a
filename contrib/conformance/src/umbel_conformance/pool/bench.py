"""The bench on which every pool is tested."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import Factory, define

from umbel.contracts import Pool, PoolSettings
from umbel.exceptions import ImproperlyConfigured
from umbel.model import Finished, Job, Message, Outcome, Started
from umbel_conformance.capabilities import KNOWN_FEATURES, Capabilities
from umbel_conformance.elsewhere import Child, children
from umbel_conformance.hygiene import DriverHygiene
from umbel_conformance.patience import Patience
from umbel_conformance.pool.coroutines import CoroutineRunner
from umbel_conformance.pool.scripted import ScriptedRunner

MakePool = Callable[[PoolSettings], Pool]
StartPool = Callable[..., "Watched"]
StartElsewhere = Callable[..., Child]

_keys = itertools.count(1)


def job(task: str = "echo", body: bytes = b"", **fields: Any) -> Job:
    """A job whose task name is a command of `ScriptedRunner`."""
    key = next(_keys)
    return Job(key, task, f"id-{key}", Message("q", body, {"task": task, "id": f"id-{key}"}), **fields)


def jobs(count: int, task: str = "echo", **fields: Any) -> list[Job]:
    return [job(task, **fields) for _ in range(count)]


@define(eq=False)
class Watched:
    """A pool that has started, and everything that has come out of it: one `Started`, then one `Finished` a job."""

    pool: Pool
    runner: ScriptedRunner
    patience_s: float
    #: The keys of the jobs in the order in which they began.
    begun: list[int] = Factory(list)
    #: The process that began each job.
    pids: dict[int, int] = Factory(dict)
    outcomes: dict[int, Outcome] = Factory(dict)

    def submit(self, *jobs: Job) -> None:
        self.pool.submit(jobs)

    def look(self, timeout_s: float) -> None:
        """Take note of what has happened."""
        for event in self.pool.events(timeout_s):
            if isinstance(event, Started):
                assert event.key not in self.pids, "a job began twice"
                self.begun.append(event.key)
                self.pids[event.key] = event.pid
            else:
                assert isinstance(event, Finished), f"events() gave {event!r}"
                assert event.key not in self.outcomes, "a job finished twice"
                assert event.key in self.pids, "a job finished that had not begun"
                self.outcomes[event.key] = event.outcome

    def watch_until(self, true: Callable[[], bool], expected: str) -> None:
        """Look until it is true; fail with `expected` if it never is."""
        deadline = time.monotonic() + self.patience_s
        while not true():
            if time.monotonic() > deadline:
                pytest.fail(
                    f"expected {expected}, waited {self.patience_s} s for it (see patience_s); "
                    f"begun {self.begun}, finished {sorted(self.outcomes)}"
                )
            self.look(0.02)

    def wait_begun(self, *jobs: Job) -> None:
        self.watch_until(
            lambda: all(one.key in self.pids for one in jobs), f"jobs {[one.key for one in jobs]} to begin"
        )

    def wait_finished(self, *jobs: Job) -> list[Outcome]:
        """The outcomes of these jobs, in their order."""
        self.watch_until(
            lambda: all(one.key in self.outcomes for one in jobs), f"jobs {[one.key for one in jobs]} to finish"
        )
        return [self.outcomes[one.key] for one in jobs]

    def run(self, *jobs: Job) -> list[Outcome]:
        self.submit(*jobs)
        return self.wait_finished(*jobs)

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        """Stop the pool, and look at what was left in it."""
        unbegun = self.pool.stop(grace_s)
        self.look(0.0)
        return unbegun


class PoolBench(Patience, Capabilities, DriverHygiene):
    """What an author sets, and what the tests use. A pool is tested in real time: its jobs take some."""

    kind = "pool"
    patience_s = 20.0

    #: Soft and hard limits short enough to wait for, in seconds.
    short_limit_s: ClassVar[float] = 0.2
    #: The jobs are `async def`, and the driver is held to its `async_features` too. A pool that has some is tried with
    #: both kinds of jobs, in two classes.
    coroutines: ClassVar[bool] = False
    #: How a table of capabilities names it; without a name it is in none.
    capability_row: ClassVar[str] = ""
    capability_on: ClassVar[str] = ""

    @pytest.fixture
    def make_pool(self) -> MakePool:
        """A callable that takes `PoolSettings` and gives a pool that has not started."""
        raise NotImplementedError("a subclass of PoolConformance must have the fixture `make_pool`")

    @pytest.fixture
    def driver(self, make_pool: MakePool) -> type[Any]:
        return type(make_pool(PoolSettings()))

    @pytest.fixture
    def features(self, make_pool: MakePool) -> frozenset[str]:
        pool = make_pool(PoolSettings())
        return pool.features | pool.async_features if self.coroutines else pool.features

    def test_only_features_that_the_contract_knows_are_declared_for_these_jobs(
        self, features: frozenset[str], request: pytest.FixtureRequest
    ) -> None:
        assert features <= KNOWN_FEATURES["pool"]
        request.node.user_properties.append(("features", sorted(features)))

    @pytest.fixture
    def runner(self, tmp_path: Path) -> ScriptedRunner:
        folder = tmp_path / "script"
        folder.mkdir()
        return CoroutineRunner(folder) if self.coroutines else ScriptedRunner(folder)

    @pytest.fixture
    def start_pool(self, make_pool: MakePool, runner: ScriptedRunner) -> Iterator[StartPool]:
        """`start_pool(concurrency=2, max_tasks_per_child=3)` starts a pool, which is gone at the end of the test."""
        running: list[Watched] = []

        def start(concurrency: int = 1, **settings: Any) -> Watched:
            pool = make_pool(PoolSettings(concurrency=concurrency, **settings))
            pool.start(runner)
            running.append(Watched(pool, runner, self.patience_s))
            return running[-1]

        yield start
        for watched in running:
            watched.pool.stop(0)

    @pytest.fixture
    def off_thread(self, features: frozenset[str]) -> None:
        """For tests that look at a job while it runs, which cannot be done if it runs inside `events`."""
        if not features & {"processes", "concurrent"}:
            pytest.skip("runs jobs inside events(), where nothing can be seen while one runs")

    @pytest.fixture
    def elsewhere(self) -> Iterator[StartElsewhere]:
        """Starts an action of `umbel_conformance.pool.actions` in another process."""
        with children(self.patience_s) as start:
            yield start

    def is_alive(self, pid: int) -> bool:
        """Whether the process still runs; one that has ended and was not yet waited for does not."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except FileNotFoundError:
            return False

    def assert_refused(self, make_pool: MakePool, **settings: Any) -> None:
        """The pool says in `__init__` that it cannot honour these settings."""
        with pytest.raises(ImproperlyConfigured):
            make_pool(PoolSettings(**settings))
