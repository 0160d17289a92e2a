"""Dead letters: what nobody could handle waits for an operator."""

from __future__ import annotations

import os

from umbel import clock
from umbel.contracts import QueueAdmin, Transport
from umbel.model import Action, DeadLetter
from umbel_conformance.capabilities import lacks, needs
from umbel_conformance.transport.bench import Connect, TransportBench, acks, bodies, message, numbered, settled


class DeadLetters(TransportBench):
    def bury(self, transport: Transport, count: int, queue: str = "q") -> None:
        transport.publish(numbered(count, queue, headers={"id": "3f1d"}))
        for one in self.take(transport, count, queue):
            assert list(transport.settle(settled(one, Action.DEAD, reason=f"ünfit {one.message.body.decode()}"))) == []

    @needs("dead_letters")
    def test_a_dead_message_is_kept_with_the_reason_and_the_time(self, transport: Transport, admin: QueueAdmin) -> None:
        before = clock.time()
        self.bury(transport, 1)
        (letter,) = admin.dead("q")
        assert isinstance(letter, DeadLetter)
        assert (letter.message.body, letter.message.headers["id"], letter.message.queue) == (b"0", "3f1d", "q")
        assert letter.reason == "ünfit 0"
        assert before - 1 <= letter.died <= clock.time() + 1
        assert letter.key

    @needs("dead_letters")
    def test_dead_letters_are_listed_oldest_first_up_to_a_limit(self, transport: Transport, admin: QueueAdmin) -> None:
        self.bury(transport, 5)
        assert bodies(admin.dead("q")) == ["0", "1", "2", "3", "4"]
        assert bodies(admin.dead("q", limit=2)) == ["0", "1"]
        assert len({letter.key for letter in admin.dead("q")}) == 5

    @needs("dead_letters")
    def test_dead_letters_belong_to_their_queue(self, transport: Transport, admin: QueueAdmin) -> None:
        self.bury(transport, 1, "a")
        self.bury(transport, 2, "b")
        assert [len(admin.dead(queue)) for queue in ("a", "b", "never heard of")] == [1, 2, 0]

    @needs("dead_letters")
    def test_dead_letters_are_counted_and_not_purged(self, transport: Transport, admin: QueueAdmin) -> None:
        self.bury(transport, 2)
        depth = admin.depth("q")
        assert (depth.ready, depth.dead) == (0, 2)
        assert admin.purge("q") == 0
        assert len(admin.dead("q")) == 2

    @needs("dead_letters")
    def test_a_revived_message_is_delivered_again(self, transport: Transport, admin: QueueAdmin) -> None:
        self.bury(transport, 3)
        keys = [letter.key for letter in admin.dead("q")]
        assert admin.revive([keys[0], keys[2], "never heard of"]) == 2
        back = self.take(transport, 2)
        assert sorted(bodies(back)) == ["0", "2"]
        assert back[0].message.headers["id"] == "3f1d"
        assert list(transport.settle(acks(back))) == []
        assert bodies(admin.dead("q")) == ["1"]
        assert admin.revive(keys[:1]) == 0

    @needs("dead_letters")
    def test_reviving_ends_a_reserve_that_waits(self, connect: Connect, admin: QueueAdmin) -> None:
        waiter = connect()
        self.bury(waiter, 1)
        waiting = self.background(lambda: waiter.reserve(["q"], 1, 60.0))
        admin.revive([letter.key for letter in admin.dead("q")])
        assert bodies(self.result_of(waiting)) == ["0"]

    @needs("dead_letters")
    def test_a_discarded_message_is_gone(self, transport: Transport, admin: QueueAdmin) -> None:
        self.bury(transport, 3)
        keys = [letter.key for letter in admin.dead("q")]
        assert admin.discard([keys[1], "never heard of"]) == 1
        assert bodies(admin.dead("q")) == ["0", "2"]
        assert admin.discard([keys[1]]) == 0
        self.assert_nothing_to_reserve(transport)

    @needs("dead_letters")
    def test_a_message_can_die_again(self, transport: Transport, admin: QueueAdmin) -> None:
        self.bury(transport, 1)
        admin.revive([letter.key for letter in admin.dead("q")])
        transport.settle(settled(self.take_one(transport), Action.DEAD, reason="again"))
        assert [letter.reason for letter in admin.dead("q")] == ["again"]

    @needs("dead_letters")
    def test_messages_that_were_acknowledged_can_be_buried_afterwards(
        self, transport: Transport, admin: QueueAdmin
    ) -> None:
        transport.publish(numbered(2, headers={"id": "3f1d"}))
        held = self.take(transport, 2)
        transport.settle(acks(held))
        admin.bury([one.message for one in held], "ünreadable")
        letters = admin.dead("q")
        assert bodies(letters) == ["0", "1"]
        assert {(letter.reason, letter.message.headers["id"]) for letter in letters} == {("ünreadable", "3f1d")}
        self.assert_nothing_to_reserve(transport)
        assert admin.revive([letter.key for letter in letters]) == 2
        assert sorted(bodies(self.take(transport, 2))) == ["0", "1"]

    @needs("dead_letters", "losses")
    def test_a_dead_letter_says_how_often_it_was_lost(self, connect: Connect, admin: QueueAdmin) -> None:
        victim, other = connect(lease_s=self.short_lease_s), connect()
        victim.publish([message("poison")])
        self.take(victim, 1)
        self.abandon(victim)
        self.pass_time(victim.lease_s)
        other.settle(settled(self.take_one(other), Action.DEAD, reason="it kills its workers"))
        assert [letter.lost for letter in admin.dead("q")] == [1]

    @needs("dead_letters", "history")
    def test_a_dead_letter_says_who_gave_it_up_when_and_why(self, transport: Transport, admin: QueueAdmin) -> None:
        before = clock.time()
        self.bury(transport, 1)
        (letter,) = admin.dead("q")
        (end,) = letter.history
        assert end.what == "ünfit 0"
        assert before - 1 <= end.at <= clock.time() + 1
        assert end.worker.endswith(f"/{os.getpid()}")

    @needs("dead_letters", "history", "losses")
    def test_a_dead_letter_has_a_history_of_its_losses(self, connect: Connect, admin: QueueAdmin) -> None:
        connect().publish([message("poison", headers={"id": "3f1d"})])
        for times in range(3):
            victim = connect(lease_s=self.short_lease_s)
            held = self.take_one(victim)
            if times:
                victim.begun([held])
            self.abandon(victim)
            self.pass_time(victim.lease_s)
        last = self.take_one(other := connect())
        other.settle(settled(last, Action.REQUEUE, reason='[it] "exited", with \\ and ünder it', lost=True))
        other.settle(settled(self.take_one(other), Action.DEAD, reason="it kills"))
        (letter,) = admin.dead("q")
        assert (letter.lost, letter.message.headers["id"]) == (4, "3f1d")
        first, *begun, returned, end = letter.history
        assert [one.at for one in letter.history] == sorted(one.at for one in letter.history)
        assert len(begun) == 2
        assert len({first.what, *(one.what for one in begun)}) == 2, "it does not tell what ran from what was held only"
        assert returned.what == '[it] "exited", with \\ and ünder it'
        assert end.what == "it kills"
        assert all(one.worker.endswith(f"/{os.getpid()}") for one in (*begun, returned, end))
        assert first.worker in ("", end.worker), "who held it without a word may be unknown, but is nobody else"

    @needs("dead_letters", "history", "losses")
    def test_a_revived_message_brings_its_history_when_it_dies_again(self, connect: Connect, admin: QueueAdmin) -> None:
        victim = connect(lease_s=self.short_lease_s)
        victim.publish([message("poison")])
        self.take(victim, 1)
        self.abandon(victim)
        self.pass_time(victim.lease_s)
        other = connect(lease_s=self.short_lease_s)
        other.settle(settled(self.take_one(other), Action.DEAD, reason="once"))
        admin.revive([letter.key for letter in admin.dead("q")])
        again = self.take_one(other)
        assert again.lost == 0
        self.abandon(other)
        self.pass_time(other.lease_s)
        third = connect()
        again = self.take_one(third)
        assert again.lost == 1, "a loss after it was revived is its first"
        third.settle(settled(again, Action.DEAD, reason="twice"))
        (letter,) = admin.dead("q")
        assert letter.lost == 1
        assert [one.what for one in letter.history][1::2] == ["once", "twice"]
        assert len(letter.history) == 4

    @needs("dead_letters", "history")
    def test_a_long_history_is_cut_at_its_beginning(self, transport: Transport, admin: QueueAdmin) -> None:
        transport.publish([message("poison")])
        for number in range(300):
            reason = f"{number} {'x' * 300}"
            transport.settle(settled(self.take_one(transport), Action.REQUEUE, reason=reason, lost=True))
        last = self.take_one(transport)
        transport.settle(settled(last, Action.DEAD, reason="the end"))
        (letter,) = admin.dead("q")
        assert letter.lost == last.lost == 300
        numbers = [one.what.split(" ")[0] for one in letter.history[:-1]]
        assert numbers == [str(number) for number in range(300 - len(numbers), 300)]
        assert 3 <= len(numbers) < 300
        assert letter.history[-1].what == "the end"

    @needs("dead_letters", "durable")
    def test_dead_letters_outlive_every_connection(self, connect: Connect) -> None:
        first = connect()
        self.bury(first, 2)
        first.close()
        assert bodies(connect().admin().dead("q")) == ["0", "1"]

    @lacks("dead_letters")
    def test_undeclared_dead_letters_are_refused(self, admin: QueueAdmin) -> None:
        self.assert_refuses(admin.dead, "q")
        self.assert_refuses(admin.revive, ["key"])
        self.assert_refuses(admin.discard, ["key"])
        self.assert_refuses(admin.bury, [message("broken")], "broken")

    @needs("dead_letters")
    @lacks("history")
    def test_without_the_feature_no_history_is_made_up(self, transport: Transport, admin: QueueAdmin) -> None:
        self.bury(transport, 1)
        assert [letter.history for letter in admin.dead("q")] == [()]
