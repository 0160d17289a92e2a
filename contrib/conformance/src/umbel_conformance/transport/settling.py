"""Settling: every delivery ends once, and who no longer holds one is told so."""

from __future__ import annotations

from umbel.contracts import Transport
from umbel.model import Action, Settlement
from umbel_conformance.transport.bench import Connect, TransportBench, acks, bodies, message, numbered, settled


class Settling(TransportBench):
    def test_an_acknowledged_message_is_gone(self, connect: Connect) -> None:
        transport = connect(lease_s=self.short_lease_s)
        transport.publish([message("hello")])
        assert list(transport.settle(acks(self.take(transport, 1)))) == []
        self.pass_time(self.short_lease_s * 2)
        self.assert_nothing_to_reserve(transport)

    def test_an_empty_batch_of_settlements_is_no_error(self, transport: Transport) -> None:
        assert list(transport.settle([])) == []

    def test_a_requeued_message_comes_again_and_does_not_count_as_lost(self, transport: Transport) -> None:
        transport.publish([message("hello")])
        first = self.take_one(transport)
        assert first.lost == 0
        assert list(transport.settle(settled(first, Action.REQUEUE))) == []
        again = self.take_one(transport)
        assert bodies([again]) == ["hello"]
        assert again.lost == 0

    def test_a_requeued_message_keeps_its_headers(self, transport: Transport) -> None:
        transport.publish([message("hello", headers={"id": "3f1d", "retries": 2})])
        transport.settle(settled(self.take_one(transport), Action.REQUEUE))
        headers = self.take_one(transport).message.headers
        assert (headers["id"], headers["retries"]) == ("3f1d", 2)

    def test_a_requeued_message_may_be_taken_by_another_connection(self, connect: Connect) -> None:
        one, two = connect(), connect()
        one.publish([message("hello")])
        one.settle(settled(self.take_one(one), Action.REQUEUE))
        assert bodies(self.take(two, 1)) == ["hello"]

    def test_a_requeue_ends_a_reserve_that_waits(self, connect: Connect) -> None:
        holder, waiter = connect(), connect()
        holder.publish([message("hello")])
        held = self.take_one(holder)
        waiting = self.background(lambda: waiter.reserve(["q"], 1, 60.0))
        holder.settle(settled(held, Action.REQUEUE))
        assert bodies(self.result_of(waiting)) == ["hello"]

    def test_a_dead_message_does_not_come_again(self, transport: Transport) -> None:
        transport.publish([message("broken")])
        assert list(transport.settle(settled(self.take_one(transport), Action.DEAD, reason="broken"))) == []
        self.assert_nothing_to_reserve(transport)

    def test_one_batch_may_hold_every_action(self, transport: Transport) -> None:
        transport.publish(numbered(3))
        done, back, dead = self.take(transport, 3)
        batch = [Settlement(done), Settlement(back, Action.REQUEUE), Settlement(dead, Action.DEAD, reason="why not")]
        assert list(transport.settle(batch)) == []
        assert bodies(self.take(transport, 1)) == ["1"]
        self.assert_nothing_to_reserve(transport)

    def test_settlements_may_come_in_any_order_and_from_many_queues(self, transport: Transport) -> None:
        transport.publish([*numbered(5, "a"), *numbered(5, "b")])
        held = self.take(transport, 10, "a", "b")
        assert list(transport.settle(acks(reversed(held)))) == []
        self.assert_nothing_to_reserve(transport, "a", "b")

    def test_a_second_settlement_is_returned_and_does_nothing(self, transport: Transport) -> None:
        transport.publish([message("hello")])
        held = self.take_one(transport)
        assert list(transport.settle(acks([held]))) == []
        second = Settlement(held, Action.REQUEUE)
        assert list(transport.settle([second])) == [second]
        self.assert_nothing_to_reserve(transport)

    def test_a_duplicate_within_one_batch_is_returned(self, transport: Transport) -> None:
        transport.publish([message("hello")])
        held = self.take_one(transport)
        first, second = Settlement(held), Settlement(held)
        assert list(transport.settle([first, second])) == [second]

    def test_only_the_refused_settlements_are_returned(self, transport: Transport) -> None:
        transport.publish(numbered(3))
        held = self.take(transport, 3)
        transport.settle(acks(held[1:2]))
        again = acks(held)
        assert list(transport.settle(again)) == [again[1]]
        self.assert_nothing_to_reserve(transport)

    def test_a_requeued_delivery_cannot_be_acknowledged_afterwards(self, transport: Transport) -> None:
        transport.publish([message("hello")])
        held = self.take_one(transport)
        transport.settle(settled(held, Action.REQUEUE))
        late = Settlement(held)
        assert list(transport.settle([late])) == [late]
        assert bodies(self.take(transport, 1)) == ["hello"]
