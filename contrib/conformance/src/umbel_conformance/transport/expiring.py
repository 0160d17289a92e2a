"""Messages that are worth nothing after a time."""

from __future__ import annotations

from umbel import clock
from umbel.contracts import Transport
from umbel_conformance.capabilities import needs
from umbel_conformance.transport.bench import TransportBench, acks, bodies, message


class Expiring(TransportBench):
    def test_a_message_that_has_not_expired_is_delivered_and_says_when_it_will(self, transport: Transport) -> None:
        expires = clock.time() + 3600.0
        transport.publish([message("fresh", expires=expires)])
        arrived = self.take_one(transport).message
        assert arrived.body == b"fresh"
        assert arrived.expires is None or abs(arrived.expires - expires) < 1.0

    @needs("expires")
    def test_an_expired_message_is_dropped_and_others_stay(self, transport: Transport) -> None:
        transport.publish([message("stale", expires=clock.time() + self.short_delay_s), message("fresh")])
        self.pass_time(self.short_delay_s * 2)
        assert bodies(self.take(transport, 1)) == ["fresh"]
        self.assert_nothing_to_reserve(transport)

    @needs("expires")
    def test_what_had_expired_when_it_was_published_is_dropped(self, transport: Transport) -> None:
        transport.publish([message("stale", expires=clock.time() - 3600.0)])
        self.assert_nothing_to_reserve(transport)

    @needs("expires", "delayed")
    def test_what_expires_before_it_is_due_is_dropped(self, transport: Transport) -> None:
        now = clock.time()
        transport.publish([message("stale", due=now + self.short_delay_s, expires=now + self.short_delay_s / 2)])
        self.pass_time(self.short_delay_s * 2)
        self.assert_nothing_to_reserve(transport)

    @needs("expires")
    def test_what_was_reserved_in_time_can_be_settled_late(self, transport: Transport) -> None:
        transport.publish([message("fresh", expires=clock.time() + 2.0)])
        held = self.take_one(transport)
        self.pass_time(2.0)
        assert list(transport.settle(acks([held]))) == []
