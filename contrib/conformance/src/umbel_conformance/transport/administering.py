"""The operator's view: which queues there are, how full they are, and emptying them."""

from __future__ import annotations

from umbel.contracts import QueueAdmin, Transport
from umbel.model import Action
from umbel_conformance.transport.bench import TransportBench, acks, bodies, message, numbered, settled


class Administering(TransportBench):
    def test_queues_are_listed_by_name(self, transport: Transport, admin: QueueAdmin) -> None:
        third = "ünïcode" if self.any_queue_name else "yak"
        transport.publish([message("1", "zebra"), message("2", "ant"), message("3", third)])
        names = list(admin.queues())
        assert names == sorted(names)
        assert {"ant", third, "zebra"} <= set(names)

    def test_a_queue_that_does_not_exist_is_empty_for_the_operator(self, admin: QueueAdmin) -> None:
        depth = admin.depth("never-heard-of")
        assert (depth.queue, depth.ready, depth.paused) == ("never-heard-of", 0, False)
        assert admin.purge("never-heard-of") == 0

    def test_the_depth_follows_the_messages(self, transport: Transport, admin: QueueAdmin) -> None:
        transport.publish([*numbered(5), message("elsewhere", "other")])
        assert admin.depth("q").ready == 5
        held = self.take(transport, 3)
        depth = admin.depth("q")
        assert depth.ready == 2
        assert depth.reserved in (3, None)
        transport.settle([*acks(held[:2]), *settled(held[2], Action.REQUEUE)])
        depth = admin.depth("q")
        assert depth.ready == 3
        assert depth.reserved in (0, None)

    def test_purging_drops_what_waits_and_says_how_many(self, transport: Transport, admin: QueueAdmin) -> None:
        transport.publish([*numbered(4), message("kept", "other")])
        assert admin.purge("q") == 4
        assert admin.purge("q") == 0
        self.assert_nothing_to_reserve(transport)
        assert bodies(self.take(transport, 1, "other")) == ["kept"]

    def test_purging_leaves_what_is_reserved_to_its_holder(self, transport: Transport, admin: QueueAdmin) -> None:
        transport.publish(numbered(3))
        held = self.take_one(transport)
        assert admin.purge("q") == 2
        assert list(transport.settle(settled(held, Action.REQUEUE))) == []
        assert bodies(self.take(transport, 1)) == bodies([held])

    def test_a_purged_queue_can_be_used_again(self, transport: Transport, admin: QueueAdmin) -> None:
        transport.publish(numbered(3))
        admin.purge("q")
        transport.publish([message("new")])
        assert bodies(self.take(transport, 1)) == ["new"]
