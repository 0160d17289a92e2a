"""The bench on which every backend is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import pytest

from umbel import states
from umbel.contracts import Backend, SharedState, Subscription
from umbel.model import Record
from umbel_conformance.capabilities import Capabilities
from umbel_conformance.elsewhere import Child, children
from umbel_conformance.hygiene import DriverHygiene
from umbel_conformance.patience import Patience

MakeBackend = Callable[[], Backend]
OpenBackend = Callable[[], Backend]
StartElsewhere = Callable[..., Child]


def record(task_id: str, state: str = states.SUCCESS, payload: bytes = b"{}", ttl_s: float | None = None) -> Record:
    return Record(task_id, state, payload, ttl_s)


def facts(records: Iterable[Record | None]) -> list[tuple[str, str, bytes] | None]:
    """What must come back of a record; its `ttl_s` need not."""
    return [None if one is None else (one.task_id, one.state, one.payload) for one in records]


class BackendBench(Patience, Capabilities, DriverHygiene):
    """What an author sets, and what the tests use."""

    kind = "backend"

    #: A time to live short enough to wait for, in seconds; whole seconds if your store knows no others.
    short_ttl_s: ClassVar[float] = 0.3
    #: The size of the huge payload. Lower it if your store has a limit of its own.
    huge_bytes: ClassVar[int] = 4 * 2**20

    @pytest.fixture
    def make_backend(self) -> MakeBackend:
        """A callable that gives a new unconnected driver on the store of this test."""
        raise NotImplementedError("a subclass of BackendConformance must have the fixture `make_backend`")

    def cut(self, backend: Backend) -> bool:
        """Break every connection of this instance, those of its subscriptions included. False: there is none."""
        return False

    @pytest.fixture
    def driver(self, make_backend: MakeBackend) -> type[Any]:
        return type(make_backend())

    @pytest.fixture
    def features(self, make_backend: MakeBackend) -> frozenset[str]:
        return make_backend().features

    @pytest.fixture
    def open_backend(self, make_backend: MakeBackend) -> Iterator[OpenBackend]:
        """Another instance on the store of this test, closed at its end."""
        opened: list[Backend] = []

        def open_one() -> Backend:
            opened.append(make_backend())
            return opened[-1]

        yield open_one
        for backend in opened:
            backend.close()

    @pytest.fixture
    def backend(self, open_backend: OpenBackend) -> Backend:
        return open_backend()

    @pytest.fixture
    def subscription(self, backend: Backend) -> Iterator[Subscription]:
        subscription = backend.subscribe()
        yield subscription
        subscription.close()

    @pytest.fixture
    def shared(self, backend: Backend) -> SharedState:
        return backend.shared()

    @pytest.fixture
    def elsewhere(self) -> Iterator[StartElsewhere]:
        """Starts an action of `umbel_conformance.backend.actions` in another process."""
        with children(self.patience_s) as start:
            yield start

    def hear(self, subscription: Subscription, count: int) -> list[Record]:
        """Receive until `count` records have come; fails if they do not. Lets no time pass under a manual clock."""
        heard: list[Record] = []
        while len(heard) < count:
            receiving = self.background(lambda: subscription.receive(self.patience_s))
            news = self.result_of(receiving)
            assert news, (
                f"expected {count} records, heard of {[one.task_id for one in heard]} within {self.patience_s} s"
            )
            heard += news
        return heard

    def assert_silent(self, subscription: Subscription) -> None:
        """Nothing more is to be heard now."""
        assert facts(subscription.receive(0.0)) == []
