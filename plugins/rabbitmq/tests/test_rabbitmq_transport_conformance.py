"""The suite that every transport passes, on a real node."""

from __future__ import annotations

import pytest

from umbel.contracts import Transport
from umbel_conformance import TransportConformance
from umbel_conformance.transport import MakeTransport
from umbel_rabbitmq.settings import RabbitmqSettings
from umbel_rabbitmq.transport import RabbitmqTransport


class TestRabbitmqTransport(TransportConformance):
    short_delay_s = 1.0
    short_lease_s = 0.2
    patience_s = 20.0

    @pytest.fixture
    def make_transport(self, url: str) -> MakeTransport:
        return lambda: RabbitmqTransport(url, RabbitmqSettings(native_delayed_delivery_queue_type="classic"))

    def cut(self, transport: Transport) -> bool:
        assert isinstance(transport, RabbitmqTransport)
        for link in (transport._consumer.link, transport._publisher.link):
            link.hang_up()
        return True

    def abandon(self, transport: Transport) -> None:
        self.cut(transport)
