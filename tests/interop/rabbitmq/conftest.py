"""The same expectations with RabbitMQ between the parties: results go by `rpc://`, or to Redis for the npm clients,
which know an older way only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from harness.parties import Parties
from harness.places import Place, Places
from harness.server import RedisServer

if TYPE_CHECKING:
    from umbel_conformance.rabbitmq_server import RabbitmqServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and "umbel" in item.name:
            item.add_marker(pytest.mark.needs("umbel-rabbitmq"))


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitmqServer]:
    kit = pytest.importorskip("umbel_conformance.rabbitmq_server")
    server = kit.RabbitmqServer(tmp_path_factory.mktemp("rabbitmq"))
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def parties(rabbitmq: RabbitmqServer, celery: Path, tmp_path: Path) -> Iterator[Parties]:
    """Nobody yet, on an empty virtual host."""
    made = Parties(rabbitmq.url(rabbitmq.new_vhost()), tmp_path, "rpc://")
    yield made
    made.close()


@pytest.fixture
def parties_with_redis(
    rabbitmq: RabbitmqServer, server: RedisServer, databases: Iterator[int], celery: Path, tmp_path: Path
) -> Iterator[Parties]:
    """Nobody yet; results are kept in Redis."""
    made = Parties(rabbitmq.url(rabbitmq.new_vhost()), tmp_path, server.url(next(databases)))
    yield made
    made.close()


@pytest.fixture(scope="session")
def place(
    rabbitmq: RabbitmqServer, celery: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Place]]:
    """As for Redis."""
    places = Places(
        lambda kind: Parties(rabbitmq.url(rabbitmq.new_vhost()), tmp_path_factory.mktemp(f"rabbitmq-{kind}"), "rpc://")
    )
    yield places
    places.close()
