"""The memory drivers keep the contracts."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from umbel_conformance import BackendConformance, TransportConformance
from umbel_memory.backend import MemoryBackend
from umbel_memory.settings import MemorySettings
from umbel_memory.transport import MemoryTransport

names = itertools.count()


class TestMemoryTransport(TransportConformance):
    capability_row = "memory"
    capability_on = "in the process"
    manual_time = True

    @pytest.fixture
    def make_transport(self) -> Callable[..., MemoryTransport]:
        url = f"memory://conformance-{next(names)}"
        return lambda **options: MemoryTransport(url, MemorySettings(**options))


class TestMemoryBackend(BackendConformance):
    manual_time = True

    @pytest.fixture
    def make_backend(self) -> Callable[[], MemoryBackend]:
        url = f"memory://conformance-{next(names)}"
        return lambda: MemoryBackend(url)
