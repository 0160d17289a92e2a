"""What the tests of this plugin share: a real node, and nodes of their own for those who break something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest

from umbel_conformance.rabbitmq_server import RabbitmqServer


@pytest.fixture(scope="session")
def rabbitmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitmqServer]:
    """One that all tests share, who do it no harm."""
    server = RabbitmqServer(tmp_path_factory.mktemp("rabbitmq"))
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def vhost(rabbitmq_server: RabbitmqServer) -> str:
    """The name of a virtual host of the shared server that nobody has used."""
    return rabbitmq_server.new_vhost()


@pytest.fixture
def url(rabbitmq_server: RabbitmqServer, vhost: str) -> str:
    """That virtual host."""
    return rabbitmq_server.url(vhost)


@pytest.fixture
def channel(rabbitmq_server: RabbitmqServer, vhost: str) -> Iterator[Any]:
    """Another client."""
    connection = amqp.Connection(
        f"127.0.0.1:{rabbitmq_server.port}", rabbitmq_server.user, rabbitmq_server.password, virtual_host=vhost
    )
    connection.connect()
    yield connection.channel()
    connection.close()


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RabbitmqServer]]:
    """Starts a server of one's own, with this configuration and these arguments; gone at the end."""
    started: list[RabbitmqServer] = []

    def start(config: str = "", arguments: str = "") -> RabbitmqServer:
        started.append(RabbitmqServer(tmp_path_factory.mktemp("own"), config, arguments))
        return started[-1].start()

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def folder_of_tests() -> Path:
    return Path(__file__).parent
