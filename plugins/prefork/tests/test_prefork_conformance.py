from __future__ import annotations

import pytest

from umbel_conformance import PoolConformance
from umbel_conformance.pool import MakePool
from umbel_prefork.pool import PreforkPool


class TestPreforkPool(PoolConformance):
    capability_row = "prefork"

    @pytest.fixture
    def make_pool(self) -> MakePool:
        return PreforkPool
