from __future__ import annotations

from collections.abc import Callable

import pytest

from umbel.contracts import Bootstep
from umbel_conformance import BootstepConformance
from umbel_reload.step import Supervised


class TestSupervised(BootstepConformance):
    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Supervised
