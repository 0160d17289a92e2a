"""What the tests of this plugin share: real servers, on ports of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from umbel_conformance.redis_server import RedisServer


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that all tests share, who do it no harm."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), "--databases", "2000").start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def _databases() -> Iterator[int]:
    return count(1)


@pytest.fixture
def database(_databases: Iterator[int]) -> int:
    """The number of a database of the shared server that nobody has used."""
    return next(_databases)


@pytest.fixture
def url(redis_server: RedisServer, database: int) -> str:
    """That database."""
    return redis_server.url(database)


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts a server of the test's own, with these options; gone at its end."""
    started: list[RedisServer] = []

    def start(*options: str, config: str = "") -> RedisServer:
        started.append(RedisServer(tmp_path / f"redis-{len(started)}", *options, config=config).start())
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def own_server(start_server: Callable[..., RedisServer]) -> RedisServer:
    """One that this test may do anything to."""
    return start_server()


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RedisServer]]:
    """A cluster of two servers, with half of the slots each."""
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    started = [RedisServer(tmp_path_factory.mktemp("node"), *options).start() for _ in range(2)]
    for server, slots in zip(started, ((0, 8191), (8192, 16383)), strict=True):
        server.call("CLUSTER", "ADDSLOTS", *range(slots[0], slots[1] + 1))
    started[0].call("CLUSTER", "MEET", "127.0.0.1", started[1].port)
    pause = threading.Event()
    for server in started:
        while not (b"cluster_state:ok" in server.call("CLUSTER", "INFO") and len(server.call("CLUSTER", "SLOTS")) == 2):
            pause.wait(0.01)
    yield started
    for server in started:
        server.kill()


@pytest.fixture
def cluster_url(nodes: list[RedisServer], _databases: Iterator[int]) -> str:
    """A part of the cluster that nobody has used: a cluster has one database."""
    return f"redis+cluster://127.0.0.1:{nodes[0].port}?global_keyprefix=part{next(_databases)}."
