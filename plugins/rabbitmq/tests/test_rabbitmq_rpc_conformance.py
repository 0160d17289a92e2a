"""The suite that every result backend passes, as far as results are for one client alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from umbel.contracts import Backend
from umbel_conformance import BackendConformance
from umbel_rabbitmq.rpc import RpcBackend, RpcSettings


class TestRpcBackend(BackendConformance):
    patience_s = 8.0

    @pytest.fixture
    def make_backend(self, url: str) -> Callable[[], RpcBackend]:
        def make() -> RpcBackend:
            backend = RpcBackend("rpc://", RpcSettings(url=url))
            backend.reply_to = "the client"
            return backend

        return make

    def cut(self, backend: Backend) -> bool:
        assert isinstance(backend, RpcBackend)
        for link in (backend._publisher.link, backend._replies.link):
            link.hang_up()
        return True
