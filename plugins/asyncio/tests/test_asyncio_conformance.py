from __future__ import annotations

import pytest

from umbel_asyncio.pool import AsyncioPool
from umbel_conformance import PoolConformance
from umbel_conformance.pool import MakePool


@pytest.mark.usefixtures("short_cleanup")
class TestCoroutines(PoolConformance):
    capability_row = "asyncio, `async def`"
    coroutines = True

    @pytest.fixture
    def make_pool(self) -> MakePool:
        return AsyncioPool


class TestFunctions(PoolConformance):
    capability_row = "asyncio, `def`"

    @pytest.fixture
    def make_pool(self) -> MakePool:
        return AsyncioPool
