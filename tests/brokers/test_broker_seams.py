"""Brokers that cannot be had: kombu's own transports, over doubles of what is behind them.

For each, kombu's code is the real one. MongoDB, Consul and Pub/Sub have a double of the server, which the real client
speaks to; Service Bus, SLMQ and Qpid a double of the client. The table says `seam` for what was tried so.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from broker_servers.remote import RemoteConformance

from umbel_conformance.mortal import mortal
from umbel_conformance.transport import MakeTransport
from umbel_kombu.settings import KombuSettings
from umbel_kombu.transport import KombuTransport

SEAMS = Path(__file__).with_name("seams")


@pytest.fixture(scope="module")
def doubles() -> Iterator[Any]:
    """The doubles of clients can be imported, here and in processes that are started; yields what is behind them."""
    before = set(sys.modules)
    sys.path.insert(0, str(SEAMS))
    import seam_store  # noqa: PLC0415

    with seam_store.running() as queues:
        yield queues
    sys.path.remove(str(SEAMS))
    for name in set(sys.modules) - before:
        if str(SEAMS) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


class AtSeam(RemoteConformance):
    capability_on = "seam"
    large_batch = 20
    long_run = 20


class TestSlmq(AtSeam):
    capability_row = "slmq (kombu)"

    @pytest.fixture
    def make_transport(self, doubles: Any) -> MakeTransport:
        from kombu.transport import SLMQ  # noqa: PLC0415

        doubles.clear()
        SLMQ.Channel._queue_cache.clear()
        return lambda: KombuTransport("slmq://user:key@host/account", KombuSettings(polling_interval=0.05))


class TestQpid(AtSeam):
    capability_row = "qpid (kombu)"

    @pytest.fixture
    def make_transport(self, doubles: Any) -> MakeTransport:
        doubles.clear()
        return lambda: KombuTransport("qpid://host", KombuSettings(polling_interval=0.05))


class TestServiceBus(AtSeam):
    capability_row = "azureservicebus (kombu)"

    @pytest.fixture
    def make_transport(self, doubles: Any) -> MakeTransport:
        from service_bus import ServiceBusAtSeam  # noqa: PLC0415

        doubles.clear()
        url = "azureservicebus://policy:key@namespace"
        return lambda: ServiceBusAtSeam(url, KombuSettings(polling_interval=0.05))


@pytest.fixture(scope="module")
def server() -> Iterator[Callable[[str], str]]:
    """Starts a double of a server, once; returns its port."""
    started: dict[str, Any] = {}

    def start(name: str) -> str:
        if name not in started:
            command = mortal([sys.executable, str(SEAMS / f"{name}.py")])
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            started[name] = (process, process.stdout.readline().strip())
        return str(started[name][1])

    yield start
    for process, _ in started.values():
        process.kill()
        process.communicate()


class TestConsul(AtSeam):
    capability_row = "consul (kombu)"
    huge_bytes = 256 * 2**10

    @pytest.fixture
    def make_transport(self, server: Callable[[str], str]) -> MakeTransport:
        place = f"127.0.0.1:{server('consul_double')}/"
        # kombu has one place there for all that it keeps.
        urlopen(Request(f"http://{place}v1/kv/kombu?recurse", method="DELETE")).close()
        return lambda: KombuTransport(f"consul://{place}", KombuSettings(polling_interval=0.05))


class TestMongodb(AtSeam):
    capability_row = "mongodb (kombu)"

    @pytest.fixture
    def make_transport(self, server: Callable[[str], str], fresh: str) -> MakeTransport:
        url = f"mongodb://127.0.0.1:{server('mongodb_double')}/{fresh}"
        return lambda: KombuTransport(url, KombuSettings(polling_interval=0.05))


class TestPubsub(AtSeam):
    capability_row = "gcpubsub (kombu)"
    huge_bytes = 2**20

    @pytest.fixture
    def make_transport(
        self, server: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, fresh: str
    ) -> MakeTransport:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{server('pubsub_double')}")
        options = {"queue_name_prefix": f"{fresh}-"}
        return lambda: KombuTransport(
            "gcpubsub://projects/tests", KombuSettings(options=options, polling_interval=0.05)
        )
