"""Pages of the documentation, run as a reader would run them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
# The site's Sphinx extension is no distribution of its own, and neither is what runs its snippets.
sys.path[:0] = [str(ROOT / "docs" / "_ext"), str(HERE / "running"), str(HERE.parent / "guards")]

NEEDED = ("umbel", "umbel-conformance", "umbel-demo", "umbel-memory", "umbel-prefork", "umbel-redis", "umbel-sqlite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The site tells of the whole product, so it needs the whole product."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.needs(*NEEDED))
