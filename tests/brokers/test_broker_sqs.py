"""SQS, played by moto."""

from __future__ import annotations

import pytest
from broker_servers.remote import RemoteConformance

from umbel_conformance.transport import MakeTransport
from umbel_kombu.settings import KombuSettings
from umbel_kombu.transport import KombuTransport


class TestSqs(RemoteConformance):
    capability_row = "sqs (kombu)"
    capability_on = "moto"
    huge_bytes = 128 * 2**10
    short_lease_s = 2.0

    @pytest.fixture
    def make_transport(self, sqs: str, fresh: str) -> MakeTransport:
        options = {"region": "us-east-1", "queue_name_prefix": f"{fresh}-", "wait_time_seconds": 0}

        def make(lease_s: float = 60.0) -> KombuTransport:
            return KombuTransport(sqs, KombuSettings(options=options, lease_s=lease_s, polling_interval=0.05))

        return make
