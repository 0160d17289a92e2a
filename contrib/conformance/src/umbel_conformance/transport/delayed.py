"""Delayed delivery: not before its time, soon after it, and in nobody's way until then."""

from __future__ import annotations

from umbel import clock
from umbel.contracts import QueueAdmin, Transport
from umbel.model import Action
from umbel_conformance.capabilities import lacks, needs
from umbel_conformance.transport.bench import Connect, TransportBench, acks, bodies, message, numbered, settled

FAR_S = 3600.0


class Delayed(TransportBench):
    @needs("delayed")
    def test_a_delayed_message_is_not_delivered_before_its_time(self, transport: Transport) -> None:
        transport.publish([message("later", due=clock.time() + FAR_S)])
        self.assert_nothing_to_reserve(transport)

    @needs("delayed")
    def test_a_delayed_message_is_delivered_when_it_is_due(self, transport: Transport) -> None:
        due = clock.time() + self.short_delay_s
        transport.publish([message("later", due=due)])
        assert bodies(self.take(transport, 1)) == ["later"]
        assert clock.time() >= due

    @needs("delayed")
    def test_a_waiting_reserve_gets_what_becomes_due(self, transport: Transport) -> None:
        transport.publish([message("later", due=clock.time() + self.short_delay_s)])
        waiting = self.background(lambda: transport.reserve(["q"], 1, 1000.0))
        assert bodies(self.result_as_time_passes(waiting)) == ["later"]

    @needs("delayed")
    def test_a_waiting_reserve_gets_what_is_published_meanwhile_and_becomes_due(self, connect: Connect) -> None:
        receiver, sender = connect(), connect()
        waiting = self.background(lambda: receiver.reserve(["q"], 1, 1000.0))
        sender.publish([message("later", due=clock.time() + self.short_delay_s)])
        assert bodies(self.result_as_time_passes(waiting)) == ["later"]

    @needs("delayed")
    def test_what_was_due_long_ago_is_delivered_at_once(self, transport: Transport) -> None:
        transport.publish([message("overdue", due=clock.time() - FAR_S)])
        assert bodies(self.take(transport, 1)) == ["overdue"]

    @needs("delayed")
    def test_a_delayed_message_is_in_nobodys_way(self, transport: Transport) -> None:
        transport.publish([message("later", due=clock.time() + FAR_S), message("now")])
        assert bodies(self.take(transport, 1)) == ["now"]
        self.assert_nothing_to_reserve(transport)

    @needs("delayed")
    def test_the_later_published_may_be_due_earlier(self, transport: Transport) -> None:
        now = clock.time()
        transport.publish([message("second", due=now + FAR_S), message("first", due=now + self.short_delay_s)])
        assert bodies(self.take(transport, 1)) == ["first"]
        self.assert_nothing_to_reserve(transport)

    @needs("delayed")
    def test_a_delayed_message_keeps_its_body_and_headers(self, transport: Transport) -> None:
        transport.publish([message(bytes(range(256)), headers={"id": "3f1d"}, due=clock.time() + self.short_delay_s)])
        arrived = self.take_one(transport).message
        assert (arrived.body, arrived.headers["id"]) == (bytes(range(256)), "3f1d")

    @needs("delayed")
    def test_many_delayed_messages_all_come(self, transport: Transport) -> None:
        transport.publish(numbered(200, due=clock.time() + self.short_delay_s))
        assert sorted(bodies(self.take(transport, 200)), key=int) == [str(number) for number in range(200)]

    @needs("delayed")
    def test_a_requeued_message_waits_for_the_time_it_was_given(self, transport: Transport) -> None:
        transport.publish(numbered(2))
        soon, far = self.take(transport, 2)
        due = clock.time() + self.short_delay_s
        transport.settle(settled(far, Action.REQUEUE, due=clock.time() + FAR_S))
        assert list(transport.settle(settled(soon, Action.REQUEUE, due=due))) == []
        assert bodies(self.take(transport, 1)) == ["0"]
        assert clock.time() >= due
        self.assert_nothing_to_reserve(transport)

    @needs("delayed")
    def test_a_message_that_was_delayed_can_be_settled_like_any_other(self, transport: Transport) -> None:
        transport.publish([message("later", due=clock.time() + self.short_delay_s)])
        assert list(transport.settle(acks(self.take(transport, 1)))) == []
        self.assert_nothing_to_reserve(transport)

    @needs("delayed")
    def test_delayed_messages_are_counted_apart_and_purged_with_the_rest(
        self, transport: Transport, admin: QueueAdmin
    ) -> None:
        transport.publish([*numbered(2), message("later", due=clock.time() + FAR_S)])
        depth = admin.depth("q")
        assert depth.ready == 2
        assert depth.delayed in (1, None)
        known = depth.delayed or 0
        assert admin.purge("q") == 2 + known
        assert admin.depth("q").delayed in (0, None)

    @needs("delayed", "durable")
    def test_a_delayed_message_outlives_every_connection(self, connect: Connect) -> None:
        first = connect()
        first.publish([message("later", due=clock.time() + self.short_delay_s)])
        first.close()
        assert bodies(self.take(connect(), 1)) == ["later"]

    @lacks("delayed")
    def test_an_undeclared_delay_is_refused_and_nothing_is_published(self, transport: Transport) -> None:
        self.assert_refuses(transport.publish, [message("later", due=clock.time() + FAR_S)])
        self.assert_nothing_to_reserve(transport)

    @lacks("delayed")
    def test_an_undeclared_delay_of_a_requeue_is_refused_and_the_message_is_not_lost(self, connect: Connect) -> None:
        transport = connect()
        transport.publish([message("later")])
        held = self.take_one(transport)
        self.assert_refuses(transport.settle, settled(held, Action.REQUEUE, due=clock.time() + FAR_S))
        assert list(transport.settle(settled(held, Action.REQUEUE))) == []
        assert bodies(self.take(transport, 1)) == ["later"]
