"""Backends that break the contract in one way each. `caught_by` names the test that must find out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from attrs import evolve

from umbel.contracts import SharedState, Subscription
from umbel.model import Record
from umbel_conformance import BackendConformance
from umbel_conformance.proving import suites
from umbel_memory.backend import MemoryBackend
from umbel_memory.shared import MemorySharedState
from umbel_memory.subscription import MemorySubscription


class FetchesUnsorted(MemoryBackend):
    caught_by = "test_many_are_fetched_in_the_order_asked_for_with_none_for_the_unknown"

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        return super().fetch(sorted(task_ids))


class LeavesOutTheUnknown(MemoryBackend):
    caught_by = "test_many_are_fetched_in_the_order_asked_for_with_none_for_the_unknown"

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        return [record for record in super().fetch(task_ids) if record]


class OverwritesSuccess(MemoryBackend):
    caught_by = "test_success_is_never_overwritten"

    def store(self, records: Sequence[Record]) -> None:
        self.forget([record.task_id for record in records])
        super().store(records)


class OverwritesNothing(MemoryBackend):
    caught_by = "test_a_later_record_replaces_an_earlier_one"

    def store(self, records: Sequence[Record]) -> None:
        super().store([record for record in records if self.fetch([record.task_id]) == [None]])


class ForgetsNothing(MemoryBackend):
    caught_by = "test_forgotten_records_are_gone_and_others_stay"

    def forget(self, task_ids: Sequence[str]) -> None: ...


class KeepsForEver(MemoryBackend):
    caught_by = "test_a_record_goes_when_its_time_is_over_and_others_stay"

    def store(self, records: Sequence[Record]) -> None:
        super().store([evolve(record, ttl_s=None) for record in records])


class ClaimsOtherProcesses(MemoryBackend):
    features = MemoryBackend.features | {"across_processes"}
    patience_s = 2.0
    caught_by = "test_what_another_process_stored_is_found_here"


class ClaimsToBeDurable(MemoryBackend):
    features = MemoryBackend.features | {"durable"}
    patience_s = 2.0
    caught_by = "test_records_outlive_the_process_that_stored_them"


class SharesWithoutSayingSo(MemoryBackend):
    features = MemoryBackend.features - {"shared_state"}
    caught_by = "test_undeclared_shared_state_is_refused"


class WithSubscription(MemoryBackend):
    """Not a liar itself: the liars below differ in their `subscription_class`."""

    subscription_class: type[MemorySubscription] = MemorySubscription

    def subscribe(self) -> Subscription:
        return self.subscription_class(self._store)


class TellsTwice(WithSubscription):
    caught_by = "test_each_result_is_heard_of_once"

    class subscription_class(MemorySubscription):
        def receive(self, timeout_s: float) -> Sequence[Record]:
            ready = super().receive(timeout_s)
            self.add([record.task_id for record in ready])
            return ready


class TellsWhatNobodyAsked(WithSubscription):
    caught_by = "test_what_was_discarded_is_not_heard_of"

    class subscription_class(MemorySubscription):
        def discard(self, task_ids: Sequence[str]) -> None: ...


class MissesWhatWasThere(WithSubscription):
    caught_by = "test_a_result_that_is_ready_already_is_heard_of"

    class subscription_class(MemorySubscription):
        def add(self, task_ids: Sequence[str]) -> None:
            super().add([task_id for task_id in task_ids if self._store.records.get(task_id) is None])


class SleepsThroughWake(WithSubscription):
    caught_by = "test_wake_ends_a_waiting_receive"

    class subscription_class(MemorySubscription):
        def wake(self) -> None: ...


class WithShared(MemoryBackend):
    """Not a liar itself: the liars below differ in their `shared_class`."""

    shared_class: type[MemorySharedState] = MemorySharedState

    def shared(self) -> SharedState:
        return self.shared_class(self._store)


class GivesTheLockToAnybody(WithShared):
    caught_by = "test_a_claim_is_one_owners_until_it_is_released"

    class shared_class(MemorySharedState):
        def claim(self, key: str, owner: str, ttl_s: float) -> bool:
            self.delete([key])
            return super().claim(key, owner, ttl_s)


class ReleasesForAnybody(WithShared):
    caught_by = "test_a_claim_is_one_owners_until_it_is_released"

    class shared_class(MemorySharedState):
        def release(self, key: str, owner: str) -> bool:
            self.delete([key])
            return True


class HoldsClaimsForEver(WithShared):
    caught_by = "test_a_claim_ends_with_its_time"

    class shared_class(MemorySharedState):
        def claim(self, key: str, owner: str, ttl_s: float) -> bool:
            return super().claim(key, owner, 1e12)


class CountsTwice(WithShared):
    caught_by = "test_a_tally_counts_each_member_once_and_keeps_its_first_value"

    class shared_class(MemorySharedState):
        def tally(self, key: str, member: str, value: bytes, ttl_s: float | None = None) -> int:
            return super().tally(key, f"{member}{len(self.tallied(key))}", value, ttl_s)


class CountsWithoutALock(WithShared):
    caught_by = "test_members_counted_at_once_are_counted_apart"

    class shared_class(MemorySharedState):
        def tally(self, key: str, member: str, value: bytes, ttl_s: float | None = None) -> int:
            super().tally(key, member, value, ttl_s)
            return len(self.tallied(key)) // 2 * 2


names = itertools.count()


class Suite(BackendConformance):
    liar: ClassVar[type[Any]]
    manual_time = True
    patience_s = 0.2

    @pytest.fixture
    def make_backend(self) -> Callable[[], Any]:
        url = f"memory://liar-{next(names)}"
        return lambda: self.liar(url)


globals().update(suites(globals(), Suite))
