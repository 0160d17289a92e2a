"""The suite that every result backend passes, on a real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from umbel.contracts import Backend
from umbel_conformance import BackendConformance
from umbel_redis.backend import RedisBackend


class TestRedisBackend(BackendConformance):
    @pytest.fixture
    def make_backend(self, url: str) -> Callable[[], RedisBackend]:
        return lambda: RedisBackend(url)

    def cut(self, backend: Backend) -> bool:
        assert isinstance(backend, RedisBackend)
        server = backend._server
        killer = server.link()
        for link in (*backend._routes._nodes._links.values(), *(one._channel.link for one in backend._subscriptions)):
            if link.fileno() >= 0:
                host, port = link._socket.getsockname()
                killer.call("CLIENT", "KILL", "ADDR", f"{host}:{port}")
        killer.close()
        return True
