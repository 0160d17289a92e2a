"""A cluster of two servers: each queue is where its name says, with all that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from umbel.contracts import Transport
from umbel.exceptions import ImproperlyConfigured
from umbel.model import Action, Message, Settlement
from umbel_conformance import TransportConformance
from umbel_conformance.transport import MakeTransport
from umbel_redis.nodes import slot_of
from umbel_redis.transport import RedisTransport


@pytest.fixture(scope="module")
def nodes(redis_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """Two servers, with half of the slots each."""
    kind = type(redis_server)
    started = [
        kind(tmp_path_factory.mktemp("node"), "--cluster-enabled", "yes", "--cluster-node-timeout", "2000").start()
        for _ in range(2)
    ]
    for server, slots in zip(started, ((0, 8191), (8192, 16383)), strict=True):
        server.call("CLUSTER", "ADDSLOTS", *range(slots[0], slots[1] + 1))
    started[0].call("CLUSTER", "MEET", "127.0.0.1", started[1].port)
    while not all(b"cluster_state:ok" in one.call("CLUSTER", "INFO") for one in started):
        pass
    while not all(len(one.call("CLUSTER", "SLOTS")) == 2 for one in started):
        pass
    yield started
    for server in started:
        server.kill()


@pytest.fixture
def url(nodes: list[Any], _prefixes: Iterator[int]) -> str:
    """A part of the cluster that nobody has used: a cluster has one database."""
    return f"redis+cluster://127.0.0.1:{nodes[1].port}?global_keyprefix=test{next(_prefixes)}."


@pytest.fixture(scope="module")
def _prefixes() -> Iterator[int]:
    return count(1)


class TestRedisTransportOnACluster(TransportConformance):
    @pytest.fixture
    def make_transport(self, url: str) -> MakeTransport:
        return lambda: RedisTransport(url)

    @pytest.fixture(autouse=True)
    def _servers(self, nodes: list[Any]) -> None:
        self._nodes = nodes

    def cut(self, transport: Transport) -> bool:
        for server in self._nodes:
            server.call("CLIENT", "KILL", "TYPE", "normal")
        return True


def test_every_key_of_a_queue_is_in_the_slot_of_its_name(nodes: list[Any], url: str) -> None:
    transport = RedisTransport(url)
    transport.publish([Message(queue, b"x", priority=3) for queue in ("a", "b", "c") for _ in range(4)])
    for queue in ("a", "b", "c"):
        dead, later, _ = transport.reserve([queue], 3, 1.0)
        transport.settle([Settlement(dead, Action.DEAD), Settlement(later, Action.REQUEUE, due=4e9)])
    prefix = url.partition("=")[2]
    for server in nodes:
        for key in server.call("KEYS", f"{prefix}*"):
            slot = server.call("CLUSTER", "KEYSLOT", key)
            if key.decode() != f"{prefix}umbel.queues":
                assert slot in {slot_of(queue) for queue in ("a", "b", "c")}, key
    transport.close()


def test_slots_are_counted_as_the_server_counts_them(nodes: list[Any]) -> None:
    for queue in ("celery", "ünïcode", "a b", ""):
        assert slot_of(queue) == nodes[0].call("CLUSTER", "KEYSLOT", queue)


def test_a_worker_follows_a_slot_that_moves(nodes: list[Any], url: str) -> None:
    """Nobody moves anything while the queue is empty: then one command on each node does it."""
    transport = RedisTransport(url)
    transport.publish([Message("moving", b"before")])
    transport.settle([Settlement(one) for one in transport.reserve(["moving"], 1, 1.0)])
    prefix = url.partition("=")[2]
    slot, (here, there) = slot_of("moving"), nodes
    if slot > 8191:
        here, there = there, here
    for key in here.call("KEYS", f"{prefix}*"):
        if here.call("CLUSTER", "KEYSLOT", key) == slot:
            here.call("DEL", key)
    target = there.call("CLUSTER", "MYID")
    for server in (there, here):
        server.call("CLUSTER", "SETSLOT", slot, "NODE", target)
    try:
        with_another_try(lambda: transport.publish([Message("moving", b"after")]))
        (delivery,) = with_another_try(lambda: transport.reserve(["moving"], 1, 10.0))
        assert delivery.message.body == b"after"
        assert not with_another_try(lambda: transport.settle([Settlement(delivery)]))
    finally:
        transport.close()


def with_another_try(call: Any) -> Any:
    from umbel.exceptions import TemporaryError  # noqa: PLC0415

    try:
        return call()
    except TemporaryError:
        return call()


def test_a_cluster_has_no_numbered_databases() -> None:
    with pytest.raises(ImproperlyConfigured, match="database 0 only"):
        RedisTransport("redis+cluster://127.0.0.1/3")
