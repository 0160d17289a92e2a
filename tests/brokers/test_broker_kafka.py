"""Kafka, played by librdkafka's mock cluster: which part of the contract holds there, and what its own rules are.

A partition is read by one connection at a time, so what asks for two connections on one queue cannot hold, and is left
out: `Reserving`, `Closing` and `Threads`, and three tests. The table says that it is not the whole contract.
"""

from __future__ import annotations

import pytest
from broker_servers.kafka import KafkaClusters
from broker_servers.remote import Remote

from umbel.exceptions import TemporaryError
from umbel.model import Settlement
from umbel_conformance.transport import MakeTransport
from umbel_conformance.transport.bench import Connect, acks, bodies, message, numbered
from umbel_conformance.transport.killing import Killing
from umbel_conformance.transport.processes import Processes
from umbel_conformance.transport.publishing import Publishing
from umbel_conformance.transport.settling import Settling
from umbel_kombu.settings import KombuSettings
from umbel_kombu.transport import KombuTransport


class TestKafka(Remote, Publishing, Settling, Processes, Killing):
    capability_row = "confluentkafka (kombu)"
    capability_on = "librdkafka's mock cluster"
    capability_whole = False
    huge_bytes = 512 * 2**10

    # Here the other connection waits until the first one is gone.
    test_a_requeued_message_may_be_taken_by_another_connection = None
    test_a_requeue_ends_a_reserve_that_waits = None
    test_processes_share_a_queue_and_each_message_is_done_once = None

    @pytest.fixture
    def make_transport(self, kafka: str) -> MakeTransport:
        options = {
            "wait_time_seconds": 0.1,
            # The log of the client goes to stderr, and there is much of it when a cluster ends.
            "kafka_common_config": {"log_level": 0},
            # When somebody has left the group, the mock waits so long before anybody else is let in.
            "kafka_consumer_config": {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500},
        }
        return lambda: KombuTransport(kafka, KombuSettings(options=options, polling_interval=0.05))

    def test_a_partition_belongs_to_one_connection_until_that_is_gone(self, connect: Connect) -> None:
        first, second = connect(), connect()
        first.publish(numbered(2))
        first.settle(acks(self.take(first, 2)[:1]))
        self.assert_nothing_to_reserve(second)
        first.close()
        assert bodies(self.take(second, 1)) == ["1"]

    def test_what_is_settled_before_others_stays_settled_when_the_holder_is_gone(self, connect: Connect) -> None:
        first, second = connect(), connect()
        first.publish(numbered(4))
        held = self.take(first, 4)
        first.settle(acks(held[:2]))
        self.lose(first)
        assert bodies(self.take(second, 2)) == ["2", "3"]

    def test_what_is_settled_out_of_turn_takes_nothing_with_it_and_comes_again(self, connect: Connect) -> None:
        """kombu's own transport would acknowledge all four with it."""
        first, second = connect(), connect()
        first.publish(numbered(4))
        held = self.take(first, 4)
        first.settle(acks([held[0], held[2], held[3]]))
        self.lose(first)
        again = self.take(second, 3)
        assert bodies(again) == ["1", "2", "3"]
        second.settle(acks(reversed(again)))
        self.lose(second)
        third = connect()
        third.publish([message("new")])
        assert bodies(self.take(third, 1)) == ["new"]

    def test_who_has_lost_the_partition_cannot_settle_and_is_told_so(self, connect: Connect) -> None:
        transport = connect()
        transport.publish(numbered(2))
        held = self.take(transport, 2)
        self.lose(transport)
        again = self.take(transport, 2)
        assert list(transport.extend([*held, *again])) == held
        late = [Settlement(one) for one in held]
        assert list(transport.settle(late)) == late
        assert list(transport.settle(acks(again))) == []

    def test_what_the_broker_does_not_take_is_an_error(self) -> None:
        """kombu's own transport would say nothing."""
        clusters = KafkaClusters()
        options = {
            "kafka_common_config": {"log_level": 0},
            "kafka_producer_config": {"message.timeout.ms": 500},
        }
        transport = KombuTransport(clusters.another(), KombuSettings(options=options))
        transport.publish([message("before")])
        clusters.close()
        with pytest.raises(TemporaryError, match="Message timed out"):
            transport.publish([message("after")])
        transport.close()

    def lose(self, transport: object) -> None:
        """Its connection goes: the group gives the partition to somebody else."""
        assert isinstance(transport, KombuTransport)
        transport._consumer.link.drop()
