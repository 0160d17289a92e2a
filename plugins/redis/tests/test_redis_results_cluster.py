"""Results in a cluster: each where its key is, heard of through any node, and what belongs together in one slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from umbel.contracts import Backend
from umbel.model import Record
from umbel_conformance import BackendConformance
from umbel_redis.backend import RedisBackend


class TestRedisBackendOnACluster(BackendConformance):
    @pytest.fixture
    def make_backend(self, cluster_url: str) -> Callable[[], RedisBackend]:
        return lambda: RedisBackend(cluster_url)

    @pytest.fixture(autouse=True)
    def _servers(self, nodes: list[Any]) -> None:
        self._nodes = nodes

    def cut(self, backend: Backend) -> bool:
        for server in self._nodes:
            server.call("CLIENT", "KILL", "TYPE", "normal")
            server.call("CLIENT", "KILL", "TYPE", "pubsub")
        return True


@pytest.fixture
def backend(cluster_url: str) -> Any:
    backend = RedisBackend(cluster_url)
    yield backend
    backend.close()


def test_records_are_on_every_node(backend: RedisBackend, nodes: list[Any]) -> None:
    before = [server.call("DBSIZE") for server in nodes]
    backend.store([Record(str(number), "SUCCESS", b"{}") for number in range(100)])
    more = [server.call("DBSIZE") - size for server, size in zip(nodes, before, strict=True)]
    assert sum(more) == 100
    assert min(more) > 0


def test_what_is_known_of_a_chord_is_in_one_slot(backend: RedisBackend, nodes: list[Any]) -> None:
    shared = backend.shared()
    for number in range(10):
        chord = f"celery-taskset-meta-{number}"
        shared.put(chord, b"{}")
        shared.put(f"{chord}.s", b"1", 100.0)
        assert shared.tally(chord, "t:0", b"1", 10.0) == 1
        assert shared.claim(chord, "token", 100.0)
        prefix = backend.settings.global_keyprefix
        names = sorted(key for server in nodes for key in server.call("KEYS", f"{prefix}*-{number}[}}]*"))
        assert len(names) == 5
        assert len({nodes[0].call("CLUSTER", "KEYSLOT", name) for name in names}) == 1
