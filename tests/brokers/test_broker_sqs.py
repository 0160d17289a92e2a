"""SQS, played by moto."""

from __future__ import annotations

import pytest

from umbel_conformance import TransportConformance
from umbel_conformance.transport import MakeTransport
from umbel_kombu.settings import KombuSettings
from umbel_kombu.transport import KombuTransport


class TestSqs(TransportConformance):
    capability_row = "sqs (kombu)"
    capability_on = "moto"
    any_queue_name = False
    huge_bytes = 128 * 2**10
    large_batch = 40
    long_run = 60
    patience_s = 30.0
    short_lease_s = 1.0

    @pytest.fixture
    def make_transport(self, sqs: str, fresh: str) -> MakeTransport:
        options = {"region": "us-east-1", "queue_name_prefix": f"{fresh}-", "wait_time_seconds": 0}

        def make(lease_s: float = 60.0) -> KombuTransport:
            return KombuTransport(sqs, KombuSettings(options=options, lease_s=lease_s, polling_interval=0.05))

        return make
