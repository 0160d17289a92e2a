"""Reserving: nothing twice, never more than asked, never later than needed, every queue in its turn."""

from __future__ import annotations

from umbel.contracts import Transport
from umbel_conformance.capabilities import needs
from umbel_conformance.transport.bench import Connect, TransportBench, bodies, message, numbered

LONG_S = 60.0


class Reserving(TransportBench):
    def test_an_empty_queue_gives_nothing_when_time_runs_out(self, transport: Transport) -> None:
        waiting = self.background(lambda: transport.reserve(["q"], 1, 0.05))
        assert list(self.result_as_time_passes(waiting)) == []

    def test_a_timeout_of_zero_does_not_wait(self, transport: Transport) -> None:
        waiting = self.background(lambda: transport.reserve(["q"], 1, 0.0))
        assert list(self.result_of(waiting)) == []

    def test_a_reserve_never_gives_more_than_its_limit(self, transport: Transport) -> None:
        transport.publish(numbered(10))
        assert len(transport.reserve(["q"], 3, 0.0)) <= 3
        assert len(self.take(transport, 7)) == 7

    def test_a_reserve_does_not_wait_for_a_batch_to_fill(self, transport: Transport) -> None:
        transport.publish(numbered(3))
        waiting = self.background(lambda: transport.reserve(["q"], 100, LONG_S))
        assert self.result_of(waiting)

    def test_a_waiting_reserve_returns_as_soon_as_something_is_published(self, connect: Connect) -> None:
        receiver, sender = connect(), connect()
        waiting = self.background(lambda: receiver.reserve(["q"], 100, LONG_S))
        sender.publish([message("hello")])
        assert bodies(self.result_of(waiting)) == ["hello"]

    def test_a_waiting_reserve_returns_when_its_own_connection_publishes(self, transport: Transport) -> None:
        waiting = self.background(lambda: transport.reserve(["q"], 100, LONG_S))
        transport.publish([message("hello")])
        assert bodies(self.result_of(waiting)) == ["hello"]

    def test_wake_ends_a_waiting_reserve(self, transport: Transport) -> None:
        waiting = self.background(lambda: transport.reserve(["q"], 1, LONG_S))
        assert list(self.wake_until_it_returns(transport, waiting)) == []

    def test_a_wake_that_comes_too_early_ends_the_next_reserve(self, transport: Transport) -> None:
        """Whoever wakes cannot know whether the other thread waits already."""
        self.assert_nothing_to_reserve(transport)
        transport.wake()
        assert list(self.result_of(self.background(lambda: transport.reserve(["q"], 1, LONG_S)))) == []

    def test_wake_loses_nothing(self, transport: Transport) -> None:
        transport.wake()
        transport.publish(numbered(3))
        transport.wake()
        assert bodies(self.take(transport, 3)) == ["0", "1", "2"]

    def test_wake_does_not_disturb_other_connections(self, connect: Connect) -> None:
        sleeper, waker = connect(), connect()
        waiting = self.background(lambda: sleeper.reserve(["q"], 1, LONG_S))
        for _ in range(5):
            waker.wake()
        sleeper.publish([message("hello")])
        assert bodies(self.result_of(waiting)) == ["hello"]

    def test_what_is_reserved_is_invisible_to_everyone(self, connect: Connect) -> None:
        holder, other = connect(lease_s=LONG_S), connect(lease_s=LONG_S)
        holder.publish([message("hello")])
        self.take(holder, 1)
        self.assert_nothing_to_reserve(other)
        self.assert_nothing_to_reserve(holder)

    def test_only_the_named_queues_are_served(self, transport: Transport) -> None:
        transport.publish([message("mine", "mine"), message("not mine", "other")])
        assert bodies(self.take(transport, 1, "mine")) == ["mine"]
        self.assert_nothing_to_reserve(transport, "mine")

    def test_a_queue_that_does_not_exist_is_empty(self, transport: Transport) -> None:
        self.assert_nothing_to_reserve(transport, "never-heard-of")

    def test_without_queues_there_is_nothing_to_reserve(self, transport: Transport) -> None:
        """A worker may be told to consume from none, and later from some again."""
        transport.publish([message("hello")])
        assert list(transport.reserve([], 1, 0.0)) == []
        waiting = self.background(lambda: transport.reserve([], 1, LONG_S))
        assert list(self.wake_until_it_returns(transport, waiting)) == []

    def test_a_full_queue_starves_no_other_one_by_one(self, transport: Transport) -> None:
        transport.publish([*numbered(50, "full"), message("rare", "sparse"), message("seldom", "last")])
        seen = bodies(one for _ in range(9) for one in transport.reserve(["full", "sparse", "last"], 1, 0.0))
        assert {"rare", "seldom"} <= set(seen), f"nine reserves from three queues gave {seen}"

    def test_a_full_queue_starves_no_other_in_batches(self, transport: Transport) -> None:
        transport.publish([*numbered(50, "full"), *numbered(50, "also-full"), message("rare", "sparse")])
        queues = ["full", "also-full", "sparse"]
        seen = bodies(one for _ in range(6) for one in transport.reserve(queues, 5, 0.0))
        assert "rare" in seen, f"six reserves of five from three queues gave {seen}"

    def test_wherever_the_rare_queue_stands_it_gets_its_turn(self, transport: Transport) -> None:
        transport.publish([message("rare", "sparse"), *numbered(50, "full")])
        assert "rare" in bodies(one for _ in range(6) for one in transport.reserve(["full", "sparse"], 1, 0.0))

    def test_two_connections_never_get_the_same_message(self, connect: Connect) -> None:
        one, two = connect(lease_s=LONG_S), connect(lease_s=LONG_S)
        one.publish(numbered(20))
        taken = [body for _ in range(10) for transport in (one, two) for body in bodies(self.take(transport, 1))]
        assert sorted(taken, key=int) == [str(number) for number in range(20)]

    @needs("ordered")
    def test_many_messages_are_there_in_the_order_of_publishing_through_many_reserves(
        self, transport: Transport
    ) -> None:
        transport.publish(numbered(30))
        taken = [body for _ in range(10) for body in bodies(self.take(transport, 3))]
        assert taken == [str(number) for number in range(30)]
