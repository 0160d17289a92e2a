"""The kernel's own drivers keep the contracts like everybody's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from umbel.contracts import Bootstep, Pool, PoolSettings, Serializer
from umbel.solo import SoloPool
from umbel.steps.eta import Eta
from umbel.steps.expiry import Expiry
from umbel.steps.poison import Poison
from umbel.wire.json import JsonSerializer
from umbel_conformance import BootstepConformance, PoolConformance, SerializerConformance
from umbel_conformance.worker import RecordingWorker


class TestSoloPool(PoolConformance):
    capability_row = "solo"

    @pytest.fixture
    def make_pool(self) -> Callable[[PoolSettings], Pool]:
        return SoloPool


class TestJsonSerializer(SerializerConformance):
    @pytest.fixture
    def serializer(self) -> Serializer:
        return JsonSerializer()


class TestEta(BootstepConformance):
    passing = ({"eta": None}, {"eta": "2001-01-01T00:00:00+00:00"})

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Eta


class TestExpiry(BootstepConformance):
    passing = ({"expires": None}, {"expires": "2999-01-01T00:00:00+00:00"})

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Expiry


class TestPoison(BootstepConformance):
    @pytest.fixture
    def worker(self) -> RecordingWorker:
        return RecordingWorker(settings={"worker_lost_limit": 3})

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Poison
