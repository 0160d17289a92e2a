"""Pausing a queue: it takes everything and hands out nothing."""

from __future__ import annotations

from umbel.contracts import QueueAdmin, Transport
from umbel.model import Action
from umbel_conformance.capabilities import lacks, needs
from umbel_conformance.transport.bench import Connect, TransportBench, acks, bodies, message, numbered, settled


class Pausing(TransportBench):
    @needs("pause")
    def test_a_paused_queue_hands_out_nothing_until_it_is_resumed(
        self, transport: Transport, admin: QueueAdmin
    ) -> None:
        transport.publish([message("before")])
        admin.pause("q")
        transport.publish([message("meanwhile")])
        self.assert_nothing_to_reserve(transport)
        admin.resume("q")
        assert bodies(self.take(transport, 2)) == ["before", "meanwhile"]

    @needs("pause")
    def test_other_queues_are_served_meanwhile(self, transport: Transport, admin: QueueAdmin) -> None:
        transport.publish([message("held back", "paused"), message("served", "open")])
        admin.pause("paused")
        assert bodies(self.take(transport, 1, "paused", "open")) == ["served"]
        self.assert_nothing_to_reserve(transport, "paused", "open")

    @needs("pause")
    def test_resuming_ends_a_reserve_that_waits(self, connect: Connect, admin: QueueAdmin) -> None:
        waiter = connect()
        waiter.publish([message("hello")])
        admin.pause("q")
        waiting = self.background(lambda: waiter.reserve(["q"], 1, 60.0))
        admin.resume("q")
        assert bodies(self.result_of(waiting)) == ["hello"]

    @needs("pause")
    def test_what_was_reserved_before_can_be_settled(self, transport: Transport, admin: QueueAdmin) -> None:
        transport.publish(numbered(2))
        done, back = self.take(transport, 2)
        admin.pause("q")
        assert list(transport.settle([*acks([done]), *settled(back, Action.REQUEUE)])) == []
        self.assert_nothing_to_reserve(transport)
        admin.resume("q")
        assert bodies(self.take(transport, 1)) == ["1"]

    @needs("pause")
    def test_the_depth_says_that_a_queue_is_paused_and_what_waits_in_it(
        self, transport: Transport, admin: QueueAdmin
    ) -> None:
        transport.publish(numbered(2))
        admin.pause("q")
        assert (admin.depth("q").paused, admin.depth("q").ready) == (True, 2)
        assert admin.depth("other").paused is False
        admin.resume("q")
        assert admin.depth("q").paused is False

    @needs("pause")
    def test_a_queue_can_be_paused_before_it_exists_and_twice(self, transport: Transport, admin: QueueAdmin) -> None:
        admin.pause("new")
        admin.pause("new")
        transport.publish([message("hello", "new")])
        self.assert_nothing_to_reserve(transport, "new")
        admin.resume("new")
        admin.resume("new")
        assert bodies(self.take(transport, 1, "new")) == ["hello"]

    @needs("pause")
    def test_a_paused_queue_can_be_purged(self, transport: Transport, admin: QueueAdmin) -> None:
        transport.publish(numbered(2))
        admin.pause("q")
        assert admin.purge("q") == 2
        assert admin.depth("q").paused is True

    @needs("pause")
    def test_a_pause_holds_for_every_connection_and_outlives_them_all(self, connect: Connect) -> None:
        first, second = connect(), connect()
        first.publish([message("hello")])
        first.admin().pause("q")
        self.assert_nothing_to_reserve(second)
        first.close()
        second.close()
        third = connect()
        self.assert_nothing_to_reserve(third)
        third.admin().resume("q")
        assert third.admin().depth("q").paused is False

    @lacks("pause")
    def test_undeclared_pausing_is_refused(self, admin: QueueAdmin) -> None:
        self.assert_refuses(admin.pause, "q")
        self.assert_refuses(admin.resume, "q")
