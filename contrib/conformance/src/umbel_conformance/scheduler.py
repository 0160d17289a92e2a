"""The suite for schedulers. The time is an argument of every question, so no test waits for any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from umbel import clock
from umbel.contracts import Scheduler
from umbel.contracts.scheduler import Entry, Tick
from umbel_conformance.capabilities import Capabilities, needs
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
        """The first ticks from now on; an interval of `seconds` has its first at the latest when two are over."""
        now = clock.time()
        for quarter in range(9):
            if ticks := scheduler.due(now + quarter * seconds / 4):
                return ticks
        pytest.fail(f"nothing is due within two intervals of {seconds} s after sync()")


def names(ticks: Sequence[Tick]) -> list[str]:
    return sorted(tick.entry.name for tick in ticks)


class SchedulerConformance(SchedulerBench):
    """Everything that a scheduler must do. Give it the fixture `make_scheduler`."""

    def test_without_entries_nothing_is_due_and_nothing_will_be(self, scheduler: Scheduler) -> None:
        scheduler.sync([])
        assert list(scheduler.entries()) == []
        assert list(scheduler.due(clock.time() + 10 * MINUTE_S)) == []
        assert scheduler.next_wake(clock.time()) is None

    def test_entries_are_listed_by_name_as_they_were_given(self, scheduler: Scheduler) -> None:
        given = [
            self.entry("zebra", args=(1, "ü"), kwargs={"key": [None]}, options={"queue": "q", "priority": 3}),
            self.entry("ant"),
            self.entry("ünïcode"),
        ]
        scheduler.sync(given)
        listed = scheduler.entries()
        assert [one.name for one in listed] == sorted(one.name for one in given)
        zebra = next(one for one in listed if one.name == "zebra")
        assert (zebra.task, list(zebra.args), dict(zebra.kwargs)) == ("proj.zebra", [1, "ü"], {"key": [None]})
        assert dict(zebra.options) == {"queue": "q", "priority": 3}

    def test_an_entry_becomes_due(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry("a"), self.entry("b")])
        assert names(self.first_ticks(scheduler)) == ["a", "b"]

    def test_asking_changes_nothing(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry()])
        first = self.first_ticks(scheduler)
        again = self.first_ticks(scheduler)
        assert [(one.entry.name, one.at) for one in first] == [(one.entry.name, one.at) for one in again]

    def test_a_tick_is_committed_once(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry("a"), self.entry("b")])
        ticks = self.first_ticks(scheduler)
        assert names(scheduler.commit(ticks)) == ["a", "b"]
        assert list(scheduler.commit(ticks)) == []
        assert list(scheduler.commit([])) == []

    def test_only_what_was_not_committed_before_is_returned(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry("a"), self.entry("b")])
        ticks = sorted(self.first_ticks(scheduler), key=lambda tick: tick.entry.name)
        scheduler.commit(ticks[:1])
        assert names(scheduler.commit(ticks)) == ["b"]

    def test_after_a_commit_the_entry_is_due_again_one_interval_later(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry()])
        first = self.first_ticks(scheduler)
        scheduler.commit(first)
        assert list(scheduler.due(first[0].at)) == []
        (second,) = scheduler.due(first[0].at + 2 * MINUTE_S)
        assert second.at > first[0].at

    def test_what_was_missed_for_long_is_due_once(self, scheduler: Scheduler) -> None:
        """A machine that slept for a night does not send a night's worth of tasks."""
        scheduler.sync([self.entry()])
        scheduler.commit(self.first_ticks(scheduler))
        assert len(scheduler.due(clock.time() + 1000 * MINUTE_S)) == 1

    def test_it_wakes_when_something_is_due_and_not_later(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry("rare", 1000 * MINUTE_S), self.entry("often")])
        scheduler.commit(scheduler.due(clock.time()))
        now = clock.time()
        wake = scheduler.next_wake(now)
        assert wake is not None
        assert now <= wake <= now + 2 * MINUTE_S
        assert scheduler.due(wake), "woke and found nothing due"

    def test_removed_entries_are_never_due(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry("goes"), self.entry("stays")])
        scheduler.sync([self.entry("stays")])
        assert [one.name for one in scheduler.entries()] == ["stays"]
        assert names(self.first_ticks(scheduler)) == ["stays"]

    def test_changed_entries_are_changed(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry("a", args=(1,))])
        scheduler.sync([Entry("a", "proj.other", self.every(MINUTE_S), (2,))])
        (tick,) = self.first_ticks(scheduler)
        assert (tick.entry.task, list(tick.entry.args)) == ("proj.other", [2])

    def test_the_same_entries_again_make_nothing_due_again(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry()])
        first = self.first_ticks(scheduler)
        scheduler.commit(first)
        scheduler.sync([self.entry()])
        assert list(scheduler.commit(first)) == []
        assert list(scheduler.due(first[0].at)) == []

    def test_one_alone_always_leads(self, scheduler: Scheduler) -> None:
        assert scheduler.lead("me", 60.0)
        assert scheduler.lead("me", 60.0)

    def test_a_scheduler_that_was_never_used_can_be_closed_twice(self, make_scheduler: MakeScheduler) -> None:
        scheduler = make_scheduler()
        scheduler.close()
        scheduler.close()

    @needs("editable")
    def test_entries_can_be_edited_while_another_thread_asks(self, scheduler: Scheduler) -> None:
        scheduler.sync([self.entry("a")])

        def ask() -> None:
            for _ in range(50):
                scheduler.commit(scheduler.due(clock.time() + MINUTE_S))
                scheduler.next_wake(clock.time())

        asking = self.background(ask)
        for number in range(50):
            scheduler.sync([self.entry("a"), self.entry(f"b{number}")])
        self.result_of(asking)
        assert [one.name for one in scheduler.entries()] == ["a", "b49"]

    @needs("durable")
    def test_what_was_committed_before_a_restart_is_not_sent_again(self, open_scheduler: MakeScheduler) -> None:
        before = open_scheduler()
        before.sync([self.entry()])
        ticks = self.first_ticks(before)
        before.commit(ticks)
        before.close()
        after = open_scheduler()
        after.sync([self.entry()])
        assert list(after.commit(ticks)) == []
        assert list(after.due(ticks[0].at)) == []

    @needs("leader")
    def test_one_of_many_leads_until_its_time_is_over(self, open_scheduler: MakeScheduler) -> None:
        one, two = open_scheduler(), open_scheduler()
        assert one.lead("one", 0.5)
        assert not two.lead("two", 0.5) or not one.lead("one", 0.5)
        self.eventually(lambda: two.lead("two", 60.0), "the lead to pass on")
        assert not one.lead("one", 60.0)
        assert two.lead("two", 60.0)

    @needs("leader")
    def test_of_many_who_would_lead_at_once_one_does(self, open_scheduler: MakeScheduler) -> None:
        schedulers = [open_scheduler() for _ in range(6)]
        with ThreadPoolExecutor(6) as threads:
            leads = list(threads.map(lambda one: one[1].lead(f"owner {one[0]}", 60.0), enumerate(schedulers)))
        assert leads.count(True) == 1

    @needs("leader")
    def test_a_tick_is_committed_by_one_instance_only(self, open_scheduler: MakeScheduler) -> None:
        """Whoever believes that it leads: the commit decides."""
        one, two = open_scheduler(), open_scheduler()
        one.sync([self.entry()])
        two.sync([self.entry()])
        ticks = self.first_ticks(one)
        assert names(one.commit(ticks)) == ["regular"]
        assert list(two.commit(ticks)) == []
