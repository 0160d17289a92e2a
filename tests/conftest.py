"""For the tests that look across the distributions of this repository."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    """`@pytest.mark.needs("umbel-sqlite")`: a folder may have been taken away, and the rest still has to pass."""
    for marker in item.iter_markers("needs"):
        for distribution in marker.args:
            if not is_installed(distribution):
                pytest.skip(f"{distribution} is not installed")


def is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
