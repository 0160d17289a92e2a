"""A scheduler that knows intervals and shares a dict, and some that break the contract."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from attrs import Factory, define

from umbel import clock
from umbel.contracts import Scheduler
from umbel.contracts.scheduler import Entry, Tick
from umbel_conformance import SchedulerConformance
from umbel_conformance.proving import suites
from umbel_conformance.scheduler import MakeScheduler


@define
class Store:
    """What several schedulers share, and what outlives them."""

    lock: threading.Lock = Factory(threading.Lock)
    #: When the interval of each entry began.
    since: dict[str, float] = Factory(dict)
    leader: tuple[str, float] = ("", 0.0)


class BareScheduler(Scheduler):
    contract_version = 1
    features = frozenset({"durable", "editable", "leader"})

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._entries: dict[str, Entry] = {}

    def sync(self, entries: Sequence[Entry]) -> None:
        with self._store.lock:
            self._entries = {entry.name: entry for entry in entries}
            for name in self._entries:
                self._store.since.setdefault(name, clock.time())

    def entries(self) -> Sequence[Entry]:
        return sorted(self._entries.values(), key=lambda entry: entry.name)

    def due(self, now: float) -> Sequence[Tick]:
        with self._store.lock:
            return [Tick(entry, self._last(entry, now)) for entry in self._entries.values() if self._next(entry) <= now]

    def _next(self, entry: Entry) -> float:
        return self._store.since[entry.name] + entry.schedule.total_seconds()  # type: ignore[no-any-return]

    def _last(self, entry: Entry, now: float) -> float:
        """The last occasion until now: of those that were missed, it stands for all."""
        since, interval_s = self._store.since[entry.name], entry.schedule.total_seconds()
        return since + (now - since) // interval_s * interval_s  # type: ignore[no-any-return]

    def commit(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        with self._store.lock:
            mine = [tick for tick in ticks if self._store.since.get(tick.entry.name, tick.at) < tick.at]
            self._store.since.update({tick.entry.name: tick.at for tick in mine})
            return mine

    def next_wake(self, now: float) -> float | None:
        with self._store.lock:
            return max(now, min(map(self._next, self._entries.values()))) if self._entries else None

    def lead(self, owner: str, ttl_s: float) -> bool:
        with self._store.lock:
            leader, until = self._store.leader
            if leader != owner and until > clock.time():
                return False
            self._store.leader = (owner, clock.time() + ttl_s)
            return True


class CommitsTwice(BareScheduler):
    caught_by = "test_a_tick_is_committed_once"

    def commit(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        super().commit(ticks)
        return ticks


class CommitsWhenAsked(BareScheduler):
    caught_by = "test_asking_changes_nothing"

    def due(self, now: float) -> Sequence[Tick]:
        return self.commit(super().due(now))


class SendsWhatWasMissed(BareScheduler):
    caught_by = "test_what_was_missed_for_long_is_due_once"

    def due(self, now: float) -> Sequence[Tick]:
        return [*super().due(now), *super().due(now - 100)]


class KeepsWhatWasRemoved(BareScheduler):
    caught_by = "test_removed_entries_are_never_due"

    def sync(self, entries: Sequence[Entry]) -> None:
        super().sync([*self._entries.values(), *entries])


class Oversleeps(BareScheduler):
    caught_by = "test_it_wakes_when_something_is_due_and_not_later"

    def next_wake(self, now: float) -> float | None:
        wake = super().next_wake(now)
        return wake and wake + 3600.0


class ForgetsAtRestart(BareScheduler):
    caught_by = "test_what_was_committed_before_a_restart_is_not_sent_again"

    def close(self) -> None:
        self._store.since.clear()


class LeadsAlways(BareScheduler):
    caught_by = "test_of_many_who_would_lead_at_once_one_does"

    def lead(self, owner: str, ttl_s: float) -> bool:
        return True


class Suite(SchedulerConformance):
    liar: ClassVar[type[Any]]
    manual_time = True
    patience_s = 0.2

    @pytest.fixture
    def make_scheduler(self) -> MakeScheduler:
        store = Store()
        return lambda: self.liar(store)


globals().update(suites(globals(), Suite))
