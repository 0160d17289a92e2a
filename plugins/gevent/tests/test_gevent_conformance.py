from __future__ import annotations

import pytest

from umbel_conformance import PoolConformance
from umbel_conformance.pool import MakePool
from umbel_gevent.pool import GeventPool


class TestGeventPool(PoolConformance):
    capability_row = "gevent"

    @pytest.fixture
    def make_pool(self) -> MakePool:
        return GeventPool
