"""Workflows on every broker and backend that can count, with a worker in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from place import Place

KINDS = {"memory": "umbel-memory", "sqlite": "umbel-sqlite", "redis": "umbel-redis"}


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """A database of a redis-server for each who asks."""
    server_module = pytest.importorskip("umbel_conformance.redis_server")
    server = server_module.RedisServer(tmp_path_factory.mktemp("redis"), "--databases", "200").start()
    numbers = iter(range(1, 200))
    yield lambda: str(server.url(next(numbers)))
    server.kill()


@pytest.fixture(scope="session", params=[pytest.param(kind, marks=pytest.mark.needs(KINDS[kind])) for kind in KINDS])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """URLs of empty brokers of one kind."""
    kind: str = request.param
    if kind == "redis":
        found: Callable[[], str] = request.getfixturevalue("redis_url")
        return found
    if kind == "memory":
        numbers = iter(range(1000))
        return lambda: f"memory://workflows{next(numbers)}"
    return lambda: f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/w.db"


@pytest.fixture
def place(url: Callable[[], str]) -> Iterator[Place]:
    """One for this test alone, with no worker yet."""
    made = Place(url())
    yield made
    made.close()


@pytest.fixture(scope="module")
def busy(url: Callable[[], str]) -> Iterator[Place]:
    """One with a worker, for all tests of a module that only look at results."""
    made = Place(url())
    made.work()
    yield made
    made.close()
