"""Fan-out: everyone who listens gets everything that matches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from umbel.contracts import Fanout, FanoutSubscription, Transport
from umbel.model import Message
from umbel_conformance.capabilities import lacks, needs
from umbel_conformance.transport.bench import Connect, TransportBench, message

Listen = Callable[..., FanoutSubscription]

#: Patterns with routing keys that they match and keys that they do not: amqp 0-9-1, section 3.1.3.3.
PATTERNS = [
    ("#", ["", "task", "task.sent", "a.b.c.d"], []),
    ("task", ["task"], ["", "tasks", "task.sent", "a.task"]),
    ("*", ["task"], ["", "task.sent"]),
    ("task.*", ["task.sent", "task.received"], ["task", "task.sent.late", "worker.online"]),
    ("task.#", ["task", "task.sent", "task.sent.late"], ["tasks", "worker.task"]),
    ("#.late", ["late", "task.late", "task.sent.late"], ["task.late.sent"]),
    ("*.worker.*", ["a.worker.b"], ["worker.b", "a.worker", "a.b.worker.c"]),
    ("a.#.z", ["a.z", "a.b.z", "a.b.c.z"], ["a", "z", "a.z.b"]),
]


class FanningOut(TransportBench):
    @pytest.fixture
    def fanout(self, transport: Transport) -> Fanout:
        return transport.fanout()

    @pytest.fixture
    def listen(self, fanout: Fanout) -> Iterator[Listen]:
        """Subscribe; the subscription is closed at the end."""
        subscriptions: list[FanoutSubscription] = []

        def subscribe(exchange: str = "x", patterns: Sequence[str] | None = None) -> FanoutSubscription:
            given = (patterns,) if patterns is not None else ()
            subscriptions.append(fanout.subscribe(exchange, *given))
            return subscriptions[-1]

        yield subscribe
        for subscription in subscriptions:
            subscription.close()

    def hear(self, subscription: FanoutSubscription, count: int) -> list[Message]:
        """Receive until `count` messages have come; fails if they do not. Lets no time pass under a manual clock."""
        heard: list[Message] = []
        while len(heard) < count:
            news = self.result_of(self.background(lambda: subscription.receive(self.patience_s / 2)))
            assert news, f"expected {count} broadcasts, heard {[one.body for one in heard]}"
            heard += news
        return heard

    def assert_silent(self, subscription: FanoutSubscription) -> None:
        assert [one.body for one in subscription.receive(0.0)] == []

    @needs("fanout")
    def test_every_listener_gets_every_message(self, fanout: Fanout, listen: Listen) -> None:
        one, two = listen(), listen()
        fanout.publish("x", [message("1"), message("2")])
        fanout.publish("x", [message("3")])
        assert [heard.body for heard in self.hear(one, 3)] == [b"1", b"2", b"3"]
        assert [heard.body for heard in self.hear(two, 3)] == [b"1", b"2", b"3"]

    @needs("fanout")
    def test_listeners_of_other_connections_get_it_too(self, connect: Connect, listen: Listen) -> None:
        here = listen()
        connect().fanout().publish("x", [message("hello")])
        assert [heard.body for heard in self.hear(here, 1)] == [b"hello"]

    @needs("fanout")
    def test_who_listens_later_gets_nothing_of_before(self, fanout: Fanout, listen: Listen) -> None:
        early = listen()
        fanout.publish("x", [message("before")])
        self.hear(early, 1)  # Now it is over: a broadcast may take its time from one server to the next.
        late = listen()
        fanout.publish("x", [message("after")])
        assert [heard.body for heard in self.hear(late, 1)] == [b"after"]

    @needs("fanout")
    def test_without_listeners_a_broadcast_is_no_error(self, fanout: Fanout) -> None:
        fanout.publish("x", [message("hello")])
        fanout.publish("x", [])

    @needs("fanout")
    def test_exchanges_are_apart(self, fanout: Fanout, listen: Listen) -> None:
        one, other = listen("x"), listen("ý")
        fanout.publish("x", [message("for x")])
        fanout.publish("ý", [message("for y")])
        assert [heard.body for heard in self.hear(one, 1)] == [b"for x"]
        assert [heard.body for heard in self.hear(other, 1)] == [b"for y"]
        self.assert_silent(one)

    @needs("fanout")
    def test_broadcasts_and_queues_are_apart(self, transport: Transport, fanout: Fanout, listen: Listen) -> None:
        listener = listen("q")
        fanout.publish("q", [message("broadcast")])
        self.hear(listener, 1)
        self.assert_nothing_to_reserve(transport, "q")

    @needs("fanout")
    @pytest.mark.parametrize(("pattern", "matching", "others"), PATTERNS, ids=[one[0] for one in PATTERNS])
    def test_a_pattern_matches_as_amqp_says(
        self, fanout: Fanout, listen: Listen, pattern: str, matching: list[str], others: list[str]
    ) -> None:
        listener = listen("x", [pattern])
        fanout.publish("x", [message(key, routing_key=key) for key in (*others, *matching)])
        assert [heard.routing_key for heard in self.hear(listener, len(matching))] == matching
        self.assert_silent(listener)

    @needs("fanout")
    def test_what_two_patterns_of_one_listener_match_comes_once(self, fanout: Fanout, listen: Listen) -> None:
        listener = listen("x", ["task.*", "#", "other"])
        fanout.publish("x", [message("hello", routing_key="task.sent")])
        assert len(self.hear(listener, 1)) == 1
        self.assert_silent(listener)

    @needs("fanout")
    def test_headers_and_bodies_travel_unchanged(self, fanout: Fanout, listen: Listen) -> None:
        listener = listen()
        headers = {"clock": 3, "nested": {"list": [1, None, "ü"]}}
        fanout.publish("x", [message(bytes(range(256)), headers=headers, content_type="application/x-own")])
        (heard,) = self.hear(listener, 1)
        assert heard.body == bytes(range(256))
        assert {name: heard.headers[name] for name in headers} == headers
        assert heard.content_type == "application/x-own"

    @needs("fanout")
    def test_a_waiting_listener_hears_at_once(self, fanout: Fanout, listen: Listen) -> None:
        listener = listen()
        waiting = self.background(lambda: listener.receive(60.0))
        fanout.publish("x", [message("hello")])
        assert [heard.body for heard in self.result_of(waiting)] == [b"hello"]

    @needs("fanout")
    def test_a_listener_gets_nothing_when_time_runs_out(self, listen: Listen) -> None:
        listener = listen()
        assert list(self.result_as_time_passes(self.background(lambda: listener.receive(0.05)))) == []

    @needs("fanout")
    def test_wake_ends_a_listener_that_waits(self, listen: Listen) -> None:
        listener = listen()
        assert list(self.wake_until_it_returns(listener, self.background(lambda: listener.receive(60.0)))) == []

    @needs("fanout")
    def test_a_wake_that_comes_too_early_ends_the_next_listening(self, listen: Listen) -> None:
        listener = listen()
        listener.wake()
        assert list(self.result_of(self.background(lambda: listener.receive(60.0)))) == []

    @needs("fanout")
    def test_a_closed_subscription_disturbs_nobody(self, fanout: Fanout, listen: Listen) -> None:
        gone, stays = listen(), listen()
        gone.close()
        gone.close()
        fanout.publish("x", [message("hello")])
        assert len(self.hear(stays, 1)) == 1

    @lacks("fanout")
    def test_undeclared_fanout_is_refused(self, transport: Transport) -> None:
        self.assert_refuses(transport.fanout)
