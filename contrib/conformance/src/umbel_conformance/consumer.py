"""The suite for consumers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from umbel.contracts import Consumer
from umbel.model import Delivery, Message, Settlement
from umbel_conformance.capabilities import Capabilities, lacks, needs
from umbel_conformance.hygiene import DriverHygiene
from umbel_conformance.worker import RecordingWorker, delivery

MakeConsumer = Callable[[], Consumer]

#: Bodies that anybody may send, and that must not end the consumer's thread.
GARBAGE = [b"", b"\x80\xff{", b"null", b"[]", b"{}", b'{"method": 3}', "žluťoučký 🐎".encode()]


class ConsumerConformance(Capabilities, DriverHygiene):
    """Everything that a consumer must do. Give it the fixture `make_consumer`."""

    kind = "consumer"

    #: Bodies of messages as the consumer expects them.
    good_bodies: ClassVar[list[bytes]] = []

    @pytest.fixture
    def make_consumer(self) -> MakeConsumer:
        """A callable that gives a new consumer."""
        raise NotImplementedError("a subclass of ConsumerConformance must have the fixture `make_consumer`")

    @pytest.fixture
    def worker(self) -> RecordingWorker:
        """The worker it is started in. Override it if it needs settings, a transport or a backend."""
        return RecordingWorker()

    @pytest.fixture
    def driver(self, make_consumer: MakeConsumer) -> type[Any]:
        return type(make_consumer())

    @pytest.fixture
    def features(self, make_consumer: MakeConsumer) -> frozenset[str]:
        return make_consumer().features

    @pytest.fixture
    def consumer(self, make_consumer: MakeConsumer, worker: RecordingWorker) -> Consumer:
        """A consumer that has started."""
        consumer = make_consumer()
        consumer.start(worker)
        return consumer

    def deliveries(self) -> list[Delivery]:
        return [delivery(body=body) for body in (*self.good_bodies, *GARBAGE)]

    def test_it_takes_queues_or_a_broadcast_and_not_both(self, features: frozenset[str]) -> None:
        assert len(features & {"queues", "fanout"}) == 1

    def test_it_starts_and_stops(self, consumer: Consumer) -> None:
        consumer.stop()

    @needs("queues")
    def test_its_queues_have_names(self, consumer: Consumer) -> None:
        assert not isinstance(consumer.queues, str)
        assert consumer.queues
        assert all(isinstance(queue, str) and queue for queue in consumer.queues)

    @needs("queues")
    def test_it_settles_only_what_it_was_given_and_that_once(self, consumer: Consumer) -> None:
        given = self.deliveries()
        settlements = consumer.receive(given)
        assert all(isinstance(one, Settlement) for one in settlements)
        settled = [id(one.delivery) for one in settlements]
        assert len(settled) == len(set(settled)), "a delivery was settled twice"
        assert set(settled) <= {id(one) for one in given}, "a delivery was settled that was never given"

    @needs("queues")
    def test_garbage_is_settled_so_that_it_does_not_come_for_ever(self, consumer: Consumer) -> None:
        given = [delivery(body=body) for body in GARBAGE]
        assert {id(one.delivery) for one in consumer.receive(given)} == {id(one) for one in given}

    @needs("queues")
    def test_an_empty_batch_is_no_error(self, consumer: Consumer) -> None:
        assert list(consumer.receive([])) == []

    @needs("fanout")
    def test_its_exchange_and_patterns_are_named(self, consumer: Consumer) -> None:
        assert isinstance(consumer.exchange, str)
        assert consumer.exchange
        assert not isinstance(consumer.patterns, str)
        assert consumer.patterns

    @needs("fanout")
    def test_whatever_is_broadcast_it_goes_on(self, consumer: Consumer) -> None:
        consumer.hear([])
        consumer.hear([Message("", body, exchange=consumer.exchange) for body in (*self.good_bodies, *GARBAGE)])
        consumer.stop()

    @lacks("queues")
    def test_undeclared_queues_are_refused(self, consumer: Consumer) -> None:
        with pytest.raises(NotImplementedError):
            consumer.receive(self.deliveries())

    @lacks("fanout")
    def test_undeclared_broadcasts_are_refused(self, consumer: Consumer) -> None:
        with pytest.raises(NotImplementedError):
            consumer.hear([Message("", b"{}")])
