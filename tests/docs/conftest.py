"""Pages of the documentation, run as a reader would run them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The site's Sphinx extension is no distribution of its own, and neither is what runs its snippets and what they need.
sys.path.extend(
    str(Path(__file__).resolve().parents[2] / folder)
    for folder in ("docs/_ext", "tests/docs/running", "tests/guards", "tests/interop")
)

from harness.installing import celery_scripts
from harness.server import RedisServer

HERE = Path(__file__).parent
PARTS = ("canvas", "conformance", "demo", "memory", "prefork", "pydantic", "rabbitmq", "redis", "sqlite")
NEEDED = ("umbel", *(f"umbel-{part}" for part in PARTS))


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server of the page's own at $REDIS_URL."""
    server = RedisServer(tmp_path / "redis").start()
    monkeypatch.setenv("REDIS_URL", server.url())
    yield
    server.kill()


@pytest.fixture
def rabbitmq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A broker of the page's own at $RABBITMQ_URL."""
    server = pytest.importorskip("umbel_conformance.rabbitmq_server").RabbitmqServer(tmp_path / "rabbitmq")
    try:
        monkeypatch.setenv("RABBITMQ_URL", server.start().url())
        yield
    finally:
        server.close()


@pytest.fixture
def celery(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one, on the PATH."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{celery_scripts()}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The site tells of the whole product, so it needs the whole product."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.needs(*NEEDED))
