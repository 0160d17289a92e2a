"""Remote control as on Redis, with the broker that it was made for. Results are in Redis, where everybody may look."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from harness.parties import Parties
from harness.places import Place, Places
from harness.server import RedisServer
from test_interop_control import *  # noqa: F403


@pytest.fixture(scope="module")
def place(
    rabbitmq: pytest.FixtureRequest, server: RedisServer, celery: object, databases: Iterator[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Place]]:  # fmt: skip
    """As for Redis."""
    places = Places(
        lambda kind: Parties(
            rabbitmq.url(rabbitmq.new_vhost()),  # type: ignore[attr-defined]
            tmp_path_factory.mktemp(f"control-{kind}"),
            server.url(next(databases)),
        )
    )
    yield places
    places.close()
