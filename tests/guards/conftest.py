"""Guards hold the lines of the design. Each says in its failure what to do.

They read the source of the whole repository (`source_tree.py`), so they are the same whichever folders exist.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from source_tree import Distribution, distributions, kernel


@pytest.fixture(scope="session")
def core() -> Distribution:
    return kernel()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`distribution` is each of them, `extension` each but the kernel."""
    if "distribution" in metafunc.fixturenames:
        metafunc.parametrize("distribution", distributions(), ids=str)
    if "extension" in metafunc.fixturenames:
        metafunc.parametrize("extension", [each for each in distributions() if each.folder.name != "core"], ids=str)
