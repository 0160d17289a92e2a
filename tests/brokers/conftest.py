"""Real servers and emulators, one of a kind for all tests of a session, each with a part of it for each test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from broker_servers import started
from broker_servers.kafka import KafkaClusters

T = TypeVar("T")
_numbers = count(1)


# A folder may have been taken away, and the rest still has to pass.
collect_ignore_glob = [] if find_spec("umbel_kombu") and find_spec("umbel_conformance") else ["test_*"]


@pytest.fixture
def fresh() -> str:
    """A name that nobody had before."""
    return f"t{next(_numbers)}"


@pytest.fixture(scope="session")
def sqs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _running(tmp_path_factory, started.moto)


@pytest.fixture(scope="session")
def zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _running(tmp_path_factory, started.zookeeper)


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _running(tmp_path_factory, started.etcd)


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _running(tmp_path_factory, started.azurite)


@pytest.fixture(scope="session")
def pyro(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from _running(tmp_path_factory, started.pyro)


@pytest.fixture(scope="session")
def kafka_clusters() -> Iterator[KafkaClusters]:
    clusters = KafkaClusters()
    yield clusters
    clusters.close()


@pytest.fixture
def kafka(kafka_clusters: KafkaClusters) -> str:
    """A cluster that nobody has used."""
    return kafka_clusters.another()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port."""
    yield from _running(tmp_path_factory, started.postgres)


def _running(folders: pytest.TempPathFactory, start: Callable[[Path], tuple[Any, T]]) -> Iterator[T]:
    server, where = start(folders.mktemp(start.__name__))
    yield where
    server.kill()
