"""Transports that break the contract in one way each. `caught_by` names the test that must find out."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from attrs import evolve

from umbel.contracts import Fanout, QueueAdmin, Transport
from umbel.exceptions import UnsupportedError
from umbel.model import Action, DeadLetter, Delivery, Depth, Message, Settlement
from umbel_conformance import TransportConformance
from umbel_conformance.proving import suites
from umbel_memory.admin import MemoryAdmin
from umbel_memory.transport import MemoryTransport

NEVER = 1e12


class StatesNoVersion(MemoryTransport):
    caught_by = "test_the_driver_states_the_contract_version_in_its_own_class_body"


class FromTheFuture(MemoryTransport):
    contract_version = 2
    caught_by = "test_the_contract_version_is_one_that_this_kernel_drives"


class InventsAFeature(MemoryTransport):
    features = MemoryTransport.features | {"telepathy"}
    caught_by = "test_the_driver_declares_only_features_that_the_contract_knows"


class DoesTooMuch(MemoryTransport):
    caught_by = "test_the_driver_has_at_most_ten_public_methods"

    def one(self) -> None: ...

    def two(self) -> None: ...

    def three(self) -> None: ...


class PlainSettings(MemoryTransport):
    settings_class = dict
    caught_by = "test_the_settings_are_an_attrs_class_or_none"


class TurnsBatchesRound(MemoryTransport):
    caught_by = "test_messages_of_one_batch_come_in_order"

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish(messages[::-1])


class DropsHeaders(MemoryTransport):
    caught_by = "test_headers_and_properties_travel_with_the_message"

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish([evolve(message, headers={}) for message in messages])


class CutsBodies(MemoryTransport):
    caught_by = "test_a_huge_body_comes_back_unchanged"

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish([evolve(message, body=message.body[: 2**20]) for message in messages])


class LosesTheEndOfBatches(MemoryTransport):
    caught_by = "test_a_large_batch_arrives_complete"

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish(messages[:1000])


class PublishesHalfABatch(MemoryTransport):
    caught_by = "test_a_batch_with_one_bad_message_is_not_published_at_all"

    def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            super().publish([message])


class WaitsForTheBatchToFill(MemoryTransport):
    caught_by = "test_a_reserve_does_not_wait_for_a_batch_to_fill"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        taken = list(super().reserve(queues, limit, timeout_s))
        while len(taken) < limit and (more := super().reserve(queues, limit - len(taken), timeout_s)):
            taken += more
        return taken


class IgnoresTheLimit(MemoryTransport):
    caught_by = "test_a_reserve_never_gives_more_than_its_limit"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        return super().reserve(queues, 100, timeout_s)


class NeverLooksAgain(MemoryTransport):
    caught_by = "test_a_waiting_reserve_returns_as_soon_as_something_is_published"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        taken = super().reserve(queues, limit, 0.0)
        if not taken and timeout_s:
            threading.Event().wait(timeout_s)
        return taken


class SleepsThroughWake(MemoryTransport):
    caught_by = "test_wake_ends_a_waiting_reserve"

    def wake(self) -> None: ...


class WakesOnlyWhoSleeps(MemoryTransport):
    caught_by = "test_a_wake_that_comes_too_early_ends_the_next_reserve"

    def wake(self) -> None:
        with self._broker.changed:
            self._woken = bool(self._broker.changed._waiters)  # type: ignore[attr-defined]
            self._broker.changed.notify_all()


class ServesTheFirstQueueFirst(MemoryTransport):
    caught_by = "test_a_full_queue_starves_no_other_one_by_one"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        for queue in queues:
            if taken := super().reserve([queue], limit, 0.0):
                return taken
        return super().reserve(queues, limit, timeout_s)


class HandsOutWhatIsHeld(MemoryTransport):
    caught_by = "test_what_is_reserved_is_invisible_to_everyone"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        taken = super().reserve(queues, limit, timeout_s)
        super().publish([one.message for one in taken])
        return taken


class AcceptsEverySettlement(MemoryTransport):
    caught_by = "test_a_second_settlement_is_returned_and_does_nothing"

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        super().settle(settlements)
        return ()


class RequeuesWhatIsDone(MemoryTransport):
    caught_by = "test_an_acknowledged_message_is_gone"

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        return super().settle([Settlement(one.delivery, Action.REQUEUE) for one in settlements])


class CountsRequeuesAsLosses(MemoryTransport):
    caught_by = "test_a_requeued_message_comes_again_and_does_not_count_as_lost"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        taken = super().reserve(queues, limit, timeout_s)
        for one in taken:
            one.lost = self._requeued
        return taken

    _requeued = 0

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        self._requeued += sum(one.action is Action.REQUEUE for one in settlements)
        return super().settle(settlements)


class NeverGivesBack(MemoryTransport):
    caught_by = "test_a_message_whose_lease_ends_comes_back_and_counts_as_lost"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        said, self.lease_s = self.lease_s, NEVER
        taken = super().reserve(queues, limit, timeout_s)
        self.lease_s = said
        return taken


class CountsNoLosses(MemoryTransport):
    caught_by = "test_every_loss_of_a_message_that_had_begun_is_counted"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        taken = super().reserve(queues, limit, timeout_s)
        for one in taken:
            one.lost = min(one.lost, 1)
        return taken


class SuspectsEverybody(MemoryTransport):
    caught_by = "test_a_suspect_that_did_not_begin_keeps_its_count"

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        taken = super().reserve(queues, limit, timeout_s)
        super().begun(taken)
        return taken


class IgnoresWhatBegins(MemoryTransport):
    caught_by = "test_every_loss_of_a_message_that_had_begun_is_counted"

    def begun(self, deliveries: Sequence[Delivery]) -> None: ...


class CountsAtTheBeginning(MemoryTransport):
    caught_by = "test_that_it_began_is_forgotten_when_it_is_settled"

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        for name, tag in (one.tag for one in deliveries):
            if (lease := self._broker.queue(name)._leases.get(tag)) is not None:
                lease.entry.lost += 1


class ForgetsTheDeathOfAProcess(MemoryTransport):
    caught_by = "test_a_requeue_after_the_death_of_its_process_counts_as_lost"

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        for one in settlements:
            one.lost = False
        return super().settle(settlements)


class DoesNotExtend(MemoryTransport):
    caught_by = "test_an_extended_lease_does_not_end"

    def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        return ()


class ExtendsWithoutASignOfLoss(MemoryTransport):
    caught_by = "test_extend_returns_what_is_lost"

    def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        super().extend(deliveries)
        return ()


class IgnoresDue(MemoryTransport):
    caught_by = "test_a_delayed_message_is_not_delivered_before_its_time"

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish([evolve(message, due=None) for message in messages])


class ForgetsTheDelayed(MemoryTransport):
    caught_by = "test_a_delayed_message_is_delivered_when_it_is_due"

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish([message for message in messages if message.due is None])


class DelaysWithoutSayingSo(MemoryTransport):
    features = MemoryTransport.features - {"delayed"}
    caught_by = "test_an_undeclared_delay_is_refused_and_nothing_is_published"


class IgnoresPriority(MemoryTransport):
    caught_by = "test_an_urgent_message_overtakes_those_published_before"

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish([evolve(message, priority=0) for message in messages])


class SaysTheWrongEnd(MemoryTransport):
    first_priority = "low"
    caught_by = "test_the_most_urgent_come_first_and_equals_in_order"


class KeepsTheExpired(MemoryTransport):
    caught_by = "test_an_expired_message_is_dropped_and_others_stay"

    def publish(self, messages: Sequence[Message]) -> None:
        super().publish([evolve(message, expires=None) for message in messages])


class ClaimsOtherProcesses(MemoryTransport):
    features = MemoryTransport.features | {"across_processes"}
    patience_s = 2.0
    caught_by = "test_what_another_process_published_is_delivered_here"


class ClaimsToBeDurable(MemoryTransport):
    features = MemoryTransport.features | {"durable"}
    patience_s = 2.0
    caught_by = "test_what_was_published_outlives_the_publisher"


class FansOutWithoutSayingSo(MemoryTransport):
    features = MemoryTransport.features - {"fanout"}
    caught_by = "test_undeclared_fanout_is_refused"


class ClaimsFanout(MemoryTransport):
    caught_by = "test_every_listener_gets_every_message"

    def fanout(self) -> Fanout:
        raise UnsupportedError("not really")


class HasNoAdmin(MemoryTransport):
    caught_by = "test_a_dead_message_is_kept_with_the_reason_and_the_time"

    def admin(self) -> QueueAdmin:
        return Transport.admin(self)


class ClosesForEverybody(MemoryTransport):
    caught_by = "test_closing_one_connection_leaves_the_others_alone"

    def close(self) -> None:
        for queue in self._broker.queues.values():
            for tag in list(queue._leases):
                queue.end_lease(tag)


class WithAdmin(MemoryTransport):
    """Not a liar itself: the liars below differ in their `admin_class`."""

    admin_class: type[MemoryAdmin] = MemoryAdmin

    def admin(self) -> QueueAdmin:
        return self.admin_class(self._broker)


class MiscountsPurges(WithAdmin):
    caught_by = "test_purging_drops_what_waits_and_says_how_many"

    class admin_class(MemoryAdmin):
        def purge(self, queue: str) -> int:
            super().purge(queue)
            return 0


class PurgesTheDead(WithAdmin):
    caught_by = "test_dead_letters_are_counted_and_not_purged"

    class admin_class(MemoryAdmin):
        def purge(self, queue: str) -> int:
            return self.discard([letter.key for letter in self.dead(queue)]) + super().purge(queue)


class ForgetsTheReason(WithAdmin):
    caught_by = "test_a_dead_message_is_kept_with_the_reason_and_the_time"

    class admin_class(MemoryAdmin):
        def dead(self, queue: str, limit: int = 100) -> Sequence[DeadLetter]:
            return [evolve(letter, reason="") for letter in super().dead(queue, limit)]


class RevivesNothing(WithAdmin):
    caught_by = "test_a_revived_message_is_delivered_again"

    class admin_class(MemoryAdmin):
        def revive(self, keys: Sequence[str]) -> int:
            return self.discard(keys)


class PausesNothing(WithAdmin):
    caught_by = "test_a_paused_queue_hands_out_nothing_until_it_is_resumed"

    class admin_class(MemoryAdmin):
        def pause(self, queue: str) -> None: ...


class HidesWhatIsPaused(WithAdmin):
    caught_by = "test_the_depth_says_that_a_queue_is_paused_and_what_waits_in_it"

    class admin_class(MemoryAdmin):
        def depth(self, queue: str) -> Depth:
            return evolve(super().depth(queue), paused=False)


names = itertools.count()


class Suite(TransportConformance):
    liar: ClassVar[type[Any]]
    manual_time = True
    patience_s = 0.2

    @pytest.fixture
    def make_transport(self) -> Callable[[], Any]:
        url = f"memory://liar-{next(names)}"
        return lambda: self.liar(url)


globals().update(suites(globals(), Suite))
