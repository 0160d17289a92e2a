"""Restarts, and many schedulers over one store: an occasion is sent once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from umbel_conformance.capabilities import needs
from umbel_conformance.scheduler.bench import MakeScheduler, SchedulerBench, names


class Agreeing(SchedulerBench):
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
