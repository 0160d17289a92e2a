"""What is due, when, and what becomes of it once it is sent."""

from __future__ import annotations

from umbel import clock
from umbel.contracts import Scheduler
from umbel.contracts.scheduler import Entry
from umbel_conformance.capabilities import needs
from umbel_conformance.scheduler.bench import MINUTE_S, MakeScheduler, SchedulerBench, names


class Ticking(SchedulerBench):
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
        morning = clock.time() + 1000 * MINUTE_S
        missed = scheduler.due(morning)
        assert len(missed) == 1
        scheduler.commit(missed)
        assert list(scheduler.due(morning)) == []

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
