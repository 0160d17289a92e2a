"""`kill -9` of workers, of processes of their pools, and of the Redis server itself, in the middle of real work.

`accounts.py` has the promise that is tested.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from storm import Storm

if TYPE_CHECKING:
    from umbel_conformance.redis_server import RedisServer

pytestmark = [pytest.mark.needs("umbel-redis", "umbel-prefork", "umbel-conformance"), pytest.mark.faults]


def survives(machine: Any, server: RedisServer, total: int, kills: int) -> None:
    seed = int(os.environ.get("UMBEL_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"UMBEL_FAULTS_SEED={seed}")
    began, rng = time.monotonic(), random.Random(seed)
    storm = Storm(machine, server, total, rng)
    # Not to the very end: some that were acknowledged early are lost, and do not end.
    for at in sorted(rng.randrange(total * 19 // 20) for _ in range(kills)):
        storm.goes_on(lambda at=at: storm.ended() >= at, f"progress to {at} tasks")
        time.sleep(rng.uniform(0, 0.02))  # not only where a task has just ended
        storm.kill()
    reasons = storm.end()
    print(f"{total} tasks in {time.monotonic() - began:.0f} s; killed: {dict(storm.killed)}; {reasons}")


def test_fifteen_hundred_tasks_survive_eight_kills(machine: Callable[[str], Any], durable_server: RedisServer) -> None:
    survives(machine("stormy"), durable_server, total=1_500, kills=8)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_twenty_thousand_tasks_survive_a_hundred_kills(
    machine: Callable[[str], Any], durable_server: RedisServer
) -> None:
    survives(machine("stormy"), durable_server, total=20_000, kills=100)
