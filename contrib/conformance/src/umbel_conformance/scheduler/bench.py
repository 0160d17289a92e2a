"""The bench on which every scheduler is tested. The time is an argument of every question, so no test waits for any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from umbel import clock
from umbel.contracts import Scheduler
from umbel.contracts.scheduler import Entry, Tick
from umbel_conformance.capabilities import Capabilities
from umbel_conformance.hygiene import DriverHygiene
from umbel_conformance.patience import Patience

MakeScheduler = Callable[[], Scheduler]

MINUTE_S = 60.0


class SchedulerBench(Patience, Capabilities, DriverHygiene):
    """What an author sets, and what the tests use."""

    kind = "scheduler"

    @pytest.fixture
    def make_scheduler(self) -> MakeScheduler:
        """A callable that gives a new scheduler on the store of this test."""
        raise NotImplementedError("a subclass of SchedulerConformance must have the fixture `make_scheduler`")

    def every(self, seconds: float) -> Any:
        """A schedule in the scheduler's own words that is due every so many seconds."""
        return timedelta(seconds=seconds)

    @pytest.fixture
    def driver(self, make_scheduler: MakeScheduler) -> type[Any]:
        return type(make_scheduler())

    @pytest.fixture
    def features(self, make_scheduler: MakeScheduler) -> frozenset[str]:
        return make_scheduler().features

    @pytest.fixture
    def open_scheduler(self, make_scheduler: MakeScheduler) -> Iterator[MakeScheduler]:
        """Another instance on the store of this test, closed at its end."""
        opened: list[Scheduler] = []

        def open_one() -> Scheduler:
            opened.append(make_scheduler())
            return opened[-1]

        yield open_one
        for scheduler in opened:
            scheduler.close()

    @pytest.fixture
    def scheduler(self, open_scheduler: MakeScheduler) -> Scheduler:
        return open_scheduler()

    def entry(self, name: str = "regular", seconds: float = MINUTE_S, **fields: Any) -> Entry:
        return Entry(name, f"proj.{name}", self.every(seconds), **fields)

    def first_ticks(self, scheduler: Scheduler, seconds: float = MINUTE_S) -> Sequence[Tick]:
        """The first ticks from now on. When an interval begins is the scheduler's to say: asks for two of them."""
        now = clock.time()
        for quarter in range(9):
            if ticks := scheduler.due(now + quarter * seconds / 4):
                return ticks
        pytest.fail(f"nothing is due within two intervals of {seconds} s after sync()")


def names(ticks: Sequence[Tick]) -> list[str]:
    return sorted(tick.entry.name for tick in ticks)
