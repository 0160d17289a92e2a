"""Real Celery and the npm clients beside Umbel, on a real server.

Every expectation runs between each pair of parties, Celery with itself first: what Celery does with itself is what is
expected of Umbel on either side.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.installing import celery_scripts, node_modules
from harness.node import Node
from harness.parties import Client, Parties, Worker
from harness.places import KINDS, Place, Places
from harness.server import RedisServer

HERE = Path(__file__).parent
PAIRS = [(client, worker) for client in KINDS for worker in KINDS]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Celery with itself needs nothing of Umbel: it proves what the others are measured against."""
    for item in items:
        if HERE in item.path.parents and "umbel" in item.name:
            item.add_marker(pytest.mark.needs("umbel-redis", "umbel-prefork", "umbel-cli"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    started = RedisServer(tmp_path_factory.mktemp("redis"), "--databases", "64").start()
    yield started
    started.kill()


@pytest.fixture(scope="session")
def celery() -> Path:
    """Celery is installed."""
    return celery_scripts()


@pytest.fixture
def node() -> Iterator[Node]:
    """Node with the npm clients."""
    made = Node(node_modules())
    yield made
    made.close()


@pytest.fixture(scope="session")
def databases() -> Iterator[int]:
    """A database of the server for each who asks."""
    return iter(count(1))


@pytest.fixture
def parties(server: RedisServer, celery: Path, databases: Iterator[int], tmp_path: Path) -> Iterator[Parties]:
    """Nobody yet, on an empty database."""
    made = Parties(server.url(next(databases)), tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def place(
    server: RedisServer, celery: Path, databases: Iterator[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Place]]:
    """The place where a kind of worker works; it is made when it is first asked for, and stays."""
    places = Places(lambda kind: Parties(server.url(next(databases)), tmp_path_factory.mktemp(f"on-{kind}")))
    yield places
    places.close()


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]}-to-{pair[1]}")
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The kind of the client and that of the worker."""
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def worker(pair: tuple[str, str], place: Callable[[str], Place]) -> Worker:
    return place(pair[1]).worker


@pytest.fixture
def client(pair: tuple[str, str], worker: Worker, place: Callable[[str], Place]) -> Client:
    """A client of one kind, with a worker of one kind at the other end."""
    return place(pair[1]).clients[pair[0]]
