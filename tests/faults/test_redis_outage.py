"""A server that is away for a while: the workers consume again by themselves, and nothing runs twice for it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from storm import Storm

if TYPE_CHECKING:
    from umbel_conformance.redis_server import RedisServer

pytestmark = [pytest.mark.needs("umbel-redis", "umbel-prefork", "umbel-conformance"), pytest.mark.faults]

#: Seconds within which a worker consumes again when the server is back: what the documentation promises.
SOON_S = 5.0


def paused(server: RedisServer, seconds: float) -> None:
    server.call("CLIENT", "PAUSE", int(seconds * 1000), "ALL")
    time.sleep(seconds)


def frozen(server: RedisServer, seconds: float) -> None:
    server.freeze()
    time.sleep(seconds)
    server.thaw()


def down(server: RedisServer, seconds: float) -> None:
    server.kill()
    time.sleep(seconds)
    server.start()


@pytest.mark.parametrize(
    ("away", "seconds"),
    [
        (paused, 6.0),
        (frozen, 6.0),
        (down, 6.0),
        pytest.param(paused, 30.0, marks=pytest.mark.soak),
        pytest.param(frozen, 30.0, marks=pytest.mark.soak),
        pytest.param(down, 30.0, marks=pytest.mark.soak),
    ],
)
def test_all_workers_consume_again_soon(
    machine: Callable[[str], Any],
    durable_server: RedisServer,
    away: Callable[[RedisServer, float], None],
    seconds: float,
) -> None:
    storm = Storm(machine("stormy"), durable_server, 4_000, random.Random(0))
    storm.goes_on(lambda: set(storm.reserved()) == storm.names(), "all workers at work")
    storm.outages = 1
    away(durable_server, seconds)
    back, so_far = time.monotonic(), storm.journal.stat().st_size
    storm.goes_on(lambda: set(storm.reserved(so_far)) == storm.names(), "all workers at work again")
    took = time.monotonic() - back
    print(f"back at work after {took:.1f} s; {storm.end()}")
    assert took < SOON_S
