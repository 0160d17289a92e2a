"""Leases: what a dead process held comes back, and what comes back is no longer the dead one's."""

from __future__ import annotations

import time

import pytest

from umbel import clock
from umbel.contracts import Transport
from umbel.model import Action, Delivery, Settlement
from umbel_conformance.capabilities import needs
from umbel_conformance.transport.bench import Connect, TransportBench, acks, bodies, message, numbered


class Leases(TransportBench):
    def lose(self, transport: Transport) -> None:
        """Let the leases of `transport` end."""
        self.abandon(transport)
        self.pass_time(transport.lease_s)

    def test_extend_says_nothing_of_what_is_still_held(self, transport: Transport) -> None:
        transport.publish(numbered(2))
        assert list(transport.extend(self.take(transport, 2))) == []
        assert list(transport.extend([])) == []

    @needs("lease")
    def test_a_message_whose_lease_ends_comes_back_and_counts_as_lost(self, connect: Connect) -> None:
        dead, alive = connect(lease_s=self.short_lease_s), connect()
        dead.publish([message("hello", headers={"id": "3f1d"})])
        assert self.take_one(dead).lost == 0
        self.lose(dead)
        back = self.take_one(alive)
        assert bodies([back]) == ["hello"]
        assert back.message.headers["id"] == "3f1d"
        assert back.lost == 1
        assert back.redelivered

    @needs("lease", "losses")
    def test_every_loss_of_a_message_that_had_begun_is_counted(self, connect: Connect) -> None:
        connect().publish([message("poison")])
        for times in range(4):
            victim = connect(lease_s=self.short_lease_s)
            held = self.take_one(victim)
            assert held.lost == times
            if times:
                victim.begun([held])
            self.lose(victim)

    @needs("lease", "losses")
    def test_a_suspect_that_did_not_begin_keeps_its_count(self, connect: Connect) -> None:
        connect().publish([message("poison"), message("innocent")])
        for poison, innocent in ((0, 0), (1, 1), (2, 1), (3, 1)):
            victim = connect(lease_s=self.short_lease_s)
            held = {one.message.body: one for one in self.take(victim, 2)}
            assert (held[b"poison"].lost, held[b"innocent"].lost) == (poison, innocent)
            if poison:
                victim.begun([held[b"poison"]])
            self.lose(victim)

    @needs("lease", "losses")
    def test_that_it_began_is_forgotten_when_it_is_settled(self, connect: Connect) -> None:
        self.make_suspect(connect)
        for _ in range(2):
            victim = connect(lease_s=self.short_lease_s)
            suspect = self.take_one(victim)
            assert (suspect.lost, suspect.message.body) == (1, b"hello")
            victim.begun([suspect])
            victim.settle([Settlement(suspect, Action.REQUEUE)])
            self.take(victim, 1)
            self.lose(victim)
        (last,) = self.take(transport := connect(lease_s=60.0), 1)
        transport.begun([last])
        assert list(transport.settle(acks([last]))) == []
        self.assert_nothing_to_reserve(transport)

    @needs("lease", "losses")
    def test_to_begin_changes_nothing_of_the_lease(self, connect: Connect) -> None:
        self.make_suspect(connect)
        transport = connect(lease_s=60.0)
        suspect = self.take_one(transport)
        transport.begun([suspect])
        transport.begun([suspect])
        assert list(transport.extend([suspect])) == []
        assert list(transport.settle(acks([suspect]))) == []
        transport.begun([suspect])
        transport.begun([])
        self.assert_nothing_to_reserve(transport)

    @needs("lease", "losses")
    def test_a_requeue_after_the_death_of_its_process_counts_as_lost(self, connect: Connect) -> None:
        transport = connect(lease_s=60.0)
        transport.publish([message("hello")])
        for times in range(3):
            held = self.take_one(transport)
            assert held.lost == times
            transport.begun([held])
            assert list(transport.settle([Settlement(held, Action.REQUEUE, lost=True)])) == []

    @needs("lease", "losses", "delayed")
    def test_so_does_one_that_is_delayed(self, connect: Connect) -> None:
        transport = connect(lease_s=60.0)
        transport.publish([message("hello")])
        due = clock.time() + self.short_delay_s
        transport.settle([Settlement(self.take_one(transport), Action.REQUEUE, due=due, lost=True)])
        self.pass_time(self.short_delay_s)
        assert self.take_one(transport).lost == 1

    @needs("losses", "dead_letters")
    def test_a_revived_message_is_no_suspect(self, connect: Connect) -> None:
        self.make_suspect(connect)
        transport = connect(lease_s=60.0)
        suspect = self.take_one(transport)
        transport.begun([suspect])
        transport.settle([Settlement(suspect, Action.DEAD, reason="poison")])
        (letter,) = transport.admin().dead("q")
        assert letter.lost == 1
        transport.admin().revive([letter.key])
        assert self.take_one(transport).lost == 0

    def make_suspect(self, connect: Connect) -> None:
        """Have a message that came back once."""
        victim = connect(lease_s=self.short_lease_s)
        victim.publish([message("hello")])
        self.take(victim, 1)
        self.lose(victim)

    @needs("lease")
    def test_a_waiting_reserve_gets_what_comes_back(self, connect: Connect) -> None:
        dead, alive = connect(lease_s=self.short_lease_s), connect()
        dead.publish([message("hello")])
        self.take(dead, 1)
        waiting = self.background(lambda: alive.reserve(["q"], 1, 1000.0))
        self.abandon(dead)
        assert bodies(self.result_as_time_passes(waiting)) == ["hello"]

    @needs("lease")
    def test_a_late_settlement_is_returned_and_does_nothing(self, connect: Connect) -> None:
        late, other = connect(lease_s=self.short_lease_s), connect(lease_s=60.0)
        late.publish(numbered(3))
        held = self.take(late, 3)
        self.lose(late)
        now_held = self.take(other, 3)
        too_late = [Settlement(one, action) for one, action in zip(held, Action, strict=True)]
        assert list(late.settle(too_late)) == too_late
        self.assert_nothing_to_reserve(other)
        assert list(other.settle(acks(now_held))) == []

    @needs("lease")
    def test_the_same_connection_cannot_settle_its_lost_lease_with_the_new_one(self, connect: Connect) -> None:
        transport = connect(lease_s=self.short_lease_s)
        transport.publish([message("hello")])
        first = self.take_one(transport)
        self.lose(transport)
        second = self.take_one(transport)
        too_late = Settlement(first)
        assert list(transport.settle([too_late])) == [too_late]
        assert list(transport.settle(acks([second]))) == []

    @needs("lease")
    def test_extend_returns_what_is_lost(self, connect: Connect) -> None:
        late, other = connect(lease_s=self.short_lease_s), connect(lease_s=60.0)
        late.publish([message("hello")])
        held = self.take(late, 1)
        self.lose(late)
        self.take(other, 1)
        assert list(late.extend(held)) == held

    @needs("lease")
    def test_extend_returns_what_was_settled_already(self, transport: Transport) -> None:
        transport.publish(numbered(2))
        done, held = self.take(transport, 2)
        transport.settle(acks([done]))
        assert list(transport.extend([done, held])) == [done]

    @needs("lease")
    def test_an_extended_lease_does_not_end(self, connect: Connect) -> None:
        holder, other = connect(lease_s=self.short_lease_s), connect()
        holder.publish([message("hello")])
        for _ in range(3):
            held = self.take_one(holder)
            if self.hold_for_three_leases(holder, other, held):
                assert list(holder.settle(acks([held]))) == []
                return
        pytest.skip("this machine is too busy to extend a short lease in time")

    def hold_for_three_leases(self, holder: Transport, other: Transport, held: Delivery) -> bool:
        """Extend until three leases have passed; False if this process itself was held up and came too late."""
        for _ in range(12):
            extended_at = time.monotonic()
            lost = list(holder.extend([held]))
            self.pass_time(holder.lease_s / 4)
            stolen = other.reserve(["q"], 1, 0.0)
            if time.monotonic() - extended_at > holder.lease_s * 0.9:
                other.settle([Settlement(one, Action.REQUEUE) for one in stolen])
                self.pass_time(holder.lease_s)
                return False
            assert not lost, "extend() says that a lease was lost which was renewed in time"
            assert not stolen, "another connection got a message whose lease was renewed in time"
        return True

    @needs("lease")
    def test_only_what_was_not_extended_comes_back(self, connect: Connect) -> None:
        holder, other = connect(lease_s=60.0), connect(lease_s=self.short_lease_s)
        holder.publish(numbered(2))
        self.take_one(holder)
        short = self.take_one(other)
        self.lose(other)
        assert bodies(self.take(connect(lease_s=60.0), 1)) == bodies([short])
        self.assert_nothing_to_reserve(holder)
