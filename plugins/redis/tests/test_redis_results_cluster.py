"""Results in a cluster: each where its key is, heard of through any node, and what belongs together in one slot."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import hiredis
import pytest

from umbel import clock
from umbel.contracts import Backend
from umbel.model import Record
from umbel_conformance import BackendConformance
from umbel_redis import channel
from umbel_redis.backend import RedisBackend
from umbel_redis.result_keys import ResultKeys

CELERYS = b'{"status": "SUCCESS", "result": 1}'


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


def keep_without_publishing(backend: RedisBackend, nodes: list[Any], task_id: str) -> None:
    """What a node knows of a result that was published while it could not be reached by the others."""
    key = ResultKeys(backend.settings.global_keyprefix, True).record(task_id)
    for server in nodes:
        with suppress(hiredis.ReplyError):  # It is the other one's.
            server.call("SET", key, CELERYS)


@pytest.mark.parametrize("count", [1, 5])
def test_a_result_that_was_published_into_a_gap_is_found(
    backend: RedisBackend, nodes: list[Any], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(channel, "AGAIN_S", 0.05)
    monkeypatch.setattr(channel, "AGAIN_AT_ONCE", 2)
    listening = backend.subscribe()
    ids = [str(number) for number in range(count)]
    listening.add(ids)
    listening.add(["never"])
    assert list(listening.receive(0.2)) == []
    for task_id in ids:
        keep_without_publishing(backend, nodes, task_id)
    heard: list[Record] = []
    deadline = clock.monotonic() + 20
    while len(heard) < count and clock.monotonic() < deadline:
        heard += listening.receive(20.0)
    assert sorted((one.task_id, one.state) for one in heard) == [(task_id, "SUCCESS") for task_id in ids]
    listening.close()


def test_who_waits_for_nothing_more_looks_for_nothing(
    backend: RedisBackend, nodes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "AGAIN_S", 0.01)
    listening = backend.subscribe()
    listening.add(["a"])
    assert list(listening.receive(0.1)) == []
    listening.discard(["a"])
    listening.receive(0.1)

    def commands() -> int:
        said = "".join(server.call("INFO", "commandstats").decode() for server in nodes)
        return sum(map(int, re.findall(r"cmdstat_get:calls=(\d+)", said)))

    before = commands()
    listening.receive(0.3)
    assert commands() == before
    listening.close()
