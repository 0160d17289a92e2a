"""The suite that every transport passes, on a real node."""

from __future__ import annotations

from typing import Any

import pytest

from umbel.contracts import Transport
from umbel_conformance import TransportConformance
from umbel_conformance.transport import MakeTransport
from umbel_conformance.transport.leases import Leases
from umbel_conformance.transport.priority import Priority
from umbel_conformance.transport.reserving import Reserving
from umbel_conformance.transport.settling import Settling
from umbel_rabbitmq.settings import RabbitmqSettings
from umbel_rabbitmq.transport import RabbitmqTransport


class OnRabbitmq:
    """What an author says of this driver: a lease is a connection, and delays are in whole seconds."""

    short_delay_s = 1.0
    short_lease_s = 0.2
    patience_s = 20.0

    def cut(self, transport: Transport) -> bool:
        assert isinstance(transport, RabbitmqTransport)
        for link in (transport._consumer.link, transport._publisher.link):
            link.hang_up()
        return True

    def abandon(self, transport: Transport) -> None:
        self.cut(transport)


def maker(url: str, **options: Any) -> MakeTransport:
    return lambda: RabbitmqTransport(url, RabbitmqSettings(native_delayed_delivery_queue_type="classic", **options))


class TestRabbitmqTransport(OnRabbitmq, TransportConformance):
    capability_row = "rabbitmq"

    @pytest.fixture
    def make_transport(self, url: str) -> MakeTransport:
        return maker(url)


class TestQueuesWithPriorities(OnRabbitmq, Priority):
    @pytest.fixture
    def make_transport(self, url: str) -> MakeTransport:
        return maker(url, queue_max_priority=9)


class TestQuorumQueues(OnRabbitmq, Reserving, Settling, Leases):
    @pytest.fixture
    def make_transport(self, url: str) -> MakeTransport:
        return maker(url, create_missing_queue_type="quorum", default_queue_type="quorum")
