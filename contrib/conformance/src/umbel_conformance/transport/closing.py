"""Closing, reopening, and connections that break."""

from __future__ import annotations

import pytest

from umbel.contracts import Transport
from umbel.exceptions import TemporaryError
from umbel.model import Action
from umbel_conformance.capabilities import needs
from umbel_conformance.transport.bench import (
    Connect,
    MakeTransport,
    TransportBench,
    acks,
    bodies,
    message,
    numbered,
    settled,
)


class Closing(TransportBench):
    def test_a_transport_that_was_never_used_can_be_closed(self, make_transport: MakeTransport) -> None:
        make_transport().close()

    def test_closing_twice_is_no_error(self, transport: Transport) -> None:
        transport.publish([message("hello")])
        transport.close()
        transport.close()

    def test_closing_one_connection_leaves_the_others_alone(self, connect: Connect) -> None:
        one, two = connect(), connect()
        one.publish([message("hello")])
        held = self.take_one(two)
        one.close()
        assert list(two.settle(acks([held]))) == []
        two.publish([message("again")])
        assert bodies(self.take(two, 1)) == ["again"]

    @needs("lease")
    def test_what_a_closed_connection_held_comes_back(self, connect: Connect) -> None:
        closing, other = connect(lease_s=self.short_lease_s), connect()
        closing.publish(numbered(3))
        held = self.take(closing, 3)
        closing.settle(acks(held[:1]))
        closing.close()
        assert bodies(self.take(other, 2)) == ["1", "2"]

    @needs("durable")
    def test_messages_outlive_every_connection(self, connect: Connect) -> None:
        first = connect()
        first.publish(numbered(20))
        done = self.take(first, 5)
        first.settle(acks(done))
        first.settle(settled(self.take_one(first), Action.REQUEUE))
        first.close()
        seen = bodies(done) + bodies(self.take(connect(), 15))
        assert sorted(seen, key=int) == [str(number) for number in range(20)]

    def test_a_broken_connection_is_an_error_or_nothing_and_then_it_works(self, connect: Connect) -> None:
        transport, other = connect(), connect()
        transport.publish([message("before")])
        if not self.cut(transport):
            pytest.skip("has no connection that could break (see cut)")
        for attempt in (self.publish_after, self.take_after):
            self.cut(transport)
            self.with_another_try(attempt, transport)
        assert "after" in self.drain(other) + self.drain(transport)

    def publish_after(self, transport: Transport) -> None:
        transport.publish([message("after")])

    def take_after(self, transport: Transport) -> None:
        for one in transport.reserve(["q"], 1, 0.0):
            transport.settle(settled(one, Action.REQUEUE))

    def with_another_try(self, attempt: object, transport: Transport) -> None:
        """A driver may say once that its connection is gone; it reconnects by itself inside the next call."""
        assert callable(attempt)
        try:
            attempt(transport)
        except TemporaryError:
            attempt(transport)
