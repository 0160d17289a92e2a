"""The smallest drivers keep the contracts: nothing is asked of a driver that the contract does not say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import pytest
from bare_backend import BareBackend
from bare_compression import BareCompression
from bare_parts import BareStep, FanoutConsumer, QueueConsumer, bare_command
from bare_pool import BarePool
from bare_scheduler import BareScheduler, Store
from bare_serializer import BareSerializer
from bare_transport import BareBroker, BareTransport

from umbel.contracts import Bootstep, Compression, Consumer, Serializer
from umbel_conformance import (
    BackendConformance,
    BootstepConformance,
    CommandConformance,
    CompressionConformance,
    ConsumerConformance,
    PoolConformance,
    SchedulerConformance,
    SerializerConformance,
    TransportConformance,
)
from umbel_conformance.backend import MakeBackend
from umbel_conformance.pool import MakePool
from umbel_conformance.scheduler import MakeScheduler
from umbel_conformance.transport import MakeTransport


class TestBareTransport(TransportConformance):
    @pytest.fixture
    def make_transport(self) -> MakeTransport:
        broker = BareBroker()
        return lambda: BareTransport("bare://", broker)


class TestBareBackend(BackendConformance):
    @pytest.fixture
    def make_backend(self) -> MakeBackend:
        records: dict[str, Any] = {}
        return lambda: BareBackend("bare://", records)


class TestBarePool(PoolConformance):
    @pytest.fixture
    def make_pool(self) -> MakePool:
        return BarePool


class TestBareScheduler(SchedulerConformance):
    @pytest.fixture
    def make_scheduler(self) -> MakeScheduler:
        store = Store()
        return lambda: BareScheduler(store)


class TestBareSerializer(SerializerConformance):
    @pytest.fixture
    def serializer(self) -> Serializer:
        return BareSerializer()


class TestBareCompression(CompressionConformance):
    @pytest.fixture
    def compression(self) -> Compression:
        return BareCompression()


class TestQueueConsumer(ConsumerConformance):
    @pytest.fixture
    def make_consumer(self) -> Callable[[], Consumer]:
        return QueueConsumer


class TestFanoutConsumer(ConsumerConformance):
    @pytest.fixture
    def make_consumer(self) -> Callable[[], Consumer]:
        return FanoutConsumer


class TestBareStep(BootstepConformance):
    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return BareStep


class TestBareCommand(CommandConformance):
    @pytest.fixture
    def command(self) -> click.Command:
        return bare_command
