"""The suite that every transport passes, on a real server."""

from __future__ import annotations

from typing import Any

import pytest

from umbel.contracts import Transport
from umbel_conformance import TransportConformance
from umbel_conformance.transport import MakeTransport
from umbel_redis.transport import RedisTransport


class TestRedisTransport(TransportConformance):
    capability_row = "redis"

    @pytest.fixture
    def make_transport(self, url: str) -> MakeTransport:
        return lambda: RedisTransport(url)

    @pytest.fixture(autouse=True)
    def _server(self, redis_server: Any) -> None:
        self._redis_server = redis_server

    def cut(self, transport: Transport) -> bool:
        self._redis_server.call("CLIENT", "KILL", "TYPE", "normal")
        return True
