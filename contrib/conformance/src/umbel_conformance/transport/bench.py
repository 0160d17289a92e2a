"""The bench on which every transport is tested: fixtures, and the words that the tests are written in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import pytest

from umbel.contracts import QueueAdmin, Transport
from umbel.exceptions import UnsupportedError
from umbel.model import Action, Delivery, Message, Settlement
from umbel_conformance.capabilities import KNOWN_FEATURES, Capabilities
from umbel_conformance.elsewhere import Child, children
from umbel_conformance.hygiene import DriverHygiene
from umbel_conformance.patience import Patience

MakeTransport = Callable[..., Transport]
Connect = Callable[..., Transport]
StartElsewhere = Callable[..., Child]


def message(body: bytes | str = b"", queue: str = "q", **fields: Any) -> Message:
    """A message like any other."""
    return Message(queue=queue, body=body.encode() if isinstance(body, str) else body, **fields)


def numbered(count: int, queue: str = "q", **fields: Any) -> list[Message]:
    """`count` messages with the bodies 0, 1, 2, …"""
    return [message(str(number), queue, **fields) for number in range(count)]


def bodies(handed_out: Iterable[Any]) -> list[str]:
    """The bodies of deliveries, dead letters or messages, as text."""
    return [getattr(one, "message", one).body.decode() for one in handed_out]


def acks(deliveries: Iterable[Delivery]) -> list[Settlement]:
    return [Settlement(delivery) for delivery in deliveries]


def settled(delivery: Delivery, action: Action, **fields: Any) -> list[Settlement]:
    return [Settlement(delivery, action, **fields)]


class TransportBench(Patience, Capabilities, DriverHygiene):
    """What an author sets, and what the tests use."""

    kind = "transport"

    #: How a table of capabilities names it, and what stands behind it; without a name it is in none.
    capability_row: ClassVar[str] = ""
    capability_on: ClassVar[str] = "a real server"
    #: False if your broker cannot do all that the contract asks, and you have left out tests: the table will say so.
    capability_whole: ClassVar[bool] = True

    #: A lease short enough to wait for, and long enough for your broker, in seconds.
    short_lease_s: ClassVar[float] = 0.5
    #: A delay short enough to wait for, in seconds; whole seconds if your broker knows no others.
    short_delay_s: ClassVar[float] = 0.3
    #: The size of the huge payload. Lower it if your broker has a limit of its own.
    huge_bytes: ClassVar[int] = 4 * 2**20
    #: Messages of a large batch, and of a long run. Lower them if your broker takes its time for each.
    large_batch: ClassVar[int] = 2000
    long_run: ClassVar[int] = 300
    #: Names of queues may have any character. False if your broker has an alphabet for them.
    any_queue_name: ClassVar[bool] = True

    @pytest.fixture
    def make_transport(self) -> MakeTransport:
        """A callable that gives a new unconnected driver on the broker of this test. It may take `lease_s`."""
        raise NotImplementedError("a subclass of TransportConformance must have the fixture `make_transport`")

    def cut(self, transport: Transport) -> bool:
        """Break the connection under the driver, as a network would. False: there is none to break."""
        return False

    def abandon(self, transport: Transport) -> None:
        """Let `transport` look dead to the broker. For most it is enough that nobody extends its leases any more; where
        the lease is the connection itself, cut that here."""

    @pytest.fixture
    def driver(self, make_transport: MakeTransport) -> type[Any]:
        return type(make_transport())

    @pytest.fixture
    def features(self, make_transport: MakeTransport) -> frozenset[str]:
        return make_transport().features

    def test_an_instance_declares_only_features_that_the_contract_knows(
        self, features: frozenset[str], request: pytest.FixtureRequest
    ) -> None:
        """A driver for many brokers says what the broker of its URL can do."""
        assert isinstance(features, frozenset)
        assert features <= KNOWN_FEATURES["transport"]
        request.node.user_properties.append(("features", sorted(features)))

    @pytest.fixture
    def connect(self, make_transport: MakeTransport) -> Iterator[Connect]:
        """Another connection to the broker of this test, closed at its end. `connect(lease_s=…)` sets the lease."""
        opened: list[Transport] = []
        takes_lease = "lease_s" in (parameters := inspect.signature(make_transport).parameters) or any(
            parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()
        )

        def open_one(lease_s: float | None = None) -> Transport:
            transport = make_transport(lease_s=lease_s) if takes_lease and lease_s is not None else make_transport()
            if lease_s is not None and transport.lease_s != lease_s:
                transport.lease_s = lease_s
            opened.append(transport)
            return transport

        yield open_one
        for transport in opened:
            transport.close()

    @pytest.fixture
    def transport(self, connect: Connect) -> Transport:
        return connect()

    @pytest.fixture
    def admin(self, transport: Transport) -> QueueAdmin:
        try:
            return transport.admin()
        except UnsupportedError:
            if owed := transport.features & {"dead_letters", "pause"}:
                pytest.fail(f"declares {sorted(owed)}, which need admin(), and refuses admin()")
            pytest.skip("has no admin()")

    @pytest.fixture
    def elsewhere(self) -> Iterator[StartElsewhere]:
        """Starts an action of `umbel_conformance.transport.actions` in another process."""
        with children(self.patience_s) as start:
            yield start

    def take(self, transport: Transport, count: int, *queues: str) -> list[Delivery]:
        """Reserve until `count` messages have come; fails if they do not. Sorted where the broker has no order."""
        taken: list[Delivery] = []

        def enough() -> bool:
            taken.extend(transport.reserve(queues or ("q",), count - len(taken), 0.0))
            return len(taken) >= count

        self.eventually(enough, f"{count} messages, and got {len(taken)}")
        assert len(taken) == count
        if "ordered" not in transport.features:
            taken.sort(key=lambda one: (len(one.message.body), one.message.body))
        return taken

    def take_one(self, transport: Transport, queue: str = "q") -> Delivery:
        return self.take(transport, 1, queue)[0]

    def assert_nothing_to_reserve(self, transport: Transport, *queues: str) -> None:
        """Nothing can be had from the queues now."""
        assert bodies(transport.reserve(queues or ("q",), 10, 0.0)) == []

    def assert_refuses(self, call: Callable[..., Any], *args: Any) -> None:
        """What is not declared says so clearly."""
        with pytest.raises(UnsupportedError):
            call(*args)

    def drain(self, transport: Transport, *queues: str) -> list[str]:
        """Take and acknowledge whatever is there now."""
        seen: list[str] = []
        while got := transport.reserve(queues or ("q",), 100, 0.0):
            seen += bodies(got)
            assert not transport.settle(acks(got))
        return seen
