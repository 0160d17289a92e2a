"""Brokers behind kombu's transports, on real servers."""

from __future__ import annotations

from contextlib import suppress
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import Pyro4
import pytest
from broker_servers.remote import RemoteConformance
from pgmq import install

from umbel_conformance.transport import MakeTransport
from umbel_kombu.settings import KombuSettings
from umbel_kombu.transport import KombuTransport


class TestPgmq(RemoteConformance):
    capability_row = "pgmq (kombu)"
    short_lease_s = 1.0

    @pytest.fixture
    def make_transport(self, postgres: int, fresh: str) -> MakeTransport:
        prepare_pgmq(postgres)
        options = {"init_extension": False, "queue_name_prefix": f"{fresh}_", "pool_size": 2}
        url = f"pgmq://postgres:x@127.0.0.1:{postgres}/postgres"
        return lambda lease_s=60.0: KombuTransport(
            url, KombuSettings(options=options, lease_s=lease_s, polling_interval=0.05)
        )


class TestAzureStorageQueues(RemoteConformance):
    capability_row = "azurestoragequeues (kombu)"
    capability_on = "Azurite"
    huge_bytes = 32 * 2**10

    @pytest.fixture
    def make_transport(self, azurite: str, fresh: str) -> MakeTransport:
        settings = KombuSettings(options={"queue_name_prefix": f"{fresh}-"}, polling_interval=0.05)
        return lambda: KombuTransport(azurite, settings)


class TestPyro(RemoteConformance):
    capability_row = "pyro (kombu)"

    @pytest.fixture
    def make_transport(self, pyro: str) -> MakeTransport:
        empty_pyro(pyro)
        return lambda: KombuTransport(pyro, KombuSettings(polling_interval=0.05))


class TestZookeeper(RemoteConformance):
    capability_row = "zookeeper (kombu)"
    huge_bytes = 512 * 2**10

    @pytest.fixture
    def make_transport(self, zookeeper: str, fresh: str) -> MakeTransport:
        return lambda: KombuTransport(f"{zookeeper}{fresh}", KombuSettings(polling_interval=0.05))


class TestEtcd(RemoteConformance):
    capability_row = "etcd (kombu)"
    huge_bytes = 512 * 2**10

    @pytest.fixture
    def make_transport(self, etcd: str) -> MakeTransport:
        with suppress(HTTPError):  # kombu has one place there for all that it keeps.
            urlopen(Request(f"{etcd.replace('etcd', 'http')}v2/keys/kombu?recursive=true", method="DELETE"))
        return lambda: KombuTransport(etcd, KombuSettings(polling_interval=0.05))


def empty_pyro(url: str) -> None:
    """kombu has one place there for all that it keeps."""
    host, _, name = url.removeprefix("pyro://").partition("/")
    with Pyro4.Proxy(f"PYRONAME:{name}@{host}:9090") as broker:
        for queue in broker.get_queue_names():
            broker.delete(queue)


_prepared: set[int] = set()


def prepare_pgmq(port: int) -> None:
    """The extension's own SQL, once."""
    if port not in _prepared:
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", autocommit=True) as connection:
            connection.execute(install.get_embedded_install_sql())
        _prepared.add(port)
