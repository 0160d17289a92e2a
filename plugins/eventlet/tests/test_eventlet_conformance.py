from __future__ import annotations

import pytest

from umbel_conformance import PoolConformance
from umbel_conformance.pool import MakePool
from umbel_eventlet.pool import EventletPool


class TestEventletPool(PoolConformance):
    capability_row = "eventlet"

    @pytest.fixture
    def make_pool(self) -> MakePool:
        return EventletPool
