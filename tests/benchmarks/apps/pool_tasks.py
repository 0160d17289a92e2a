"""Tasks that show what a pool does, for those who have Celery's decorator. Imported by the peers: nothing else."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from counter import counter

#: Seconds of CPU.
BURN_S = 0.001
SLEEP_S = 1.0


def define(app: Any) -> tuple[Any, Any]:
    @app.task(name="bench.burn")
    def burn() -> None:
        """Takes 1 ms of CPU, however often it is interrupted, and however fast the machine is."""
        counter().tick()
        end = time.thread_time() + BURN_S
        while time.thread_time() < end:
            pass

    @app.task(name="bench.sleep")
    def sleep() -> None:
        """Counts twice, when it begins and when it ends."""
        counter().tick()
        time.sleep(SLEEP_S)
        counter().tick()

    return burn, sleep


def define_coroutines(app: Any) -> tuple[Any, Any]:
    @app.task(name="bench.async_noop")
    async def async_noop() -> int:
        counter().tick()
        return 1

    @app.task(name="bench.async_sleep")
    async def async_sleep() -> None:
        counter().tick()
        await asyncio.sleep(SLEEP_S)
        counter().tick()

    return async_noop, async_sleep


def define_limited(app: Any, limits: str) -> None:
    """A task that nobody calls, with `time` limits, a `rate` limit, or both: `time,rate`."""
    options: dict[str, dict[str, Any]] = {
        "time": {"soft_time_limit": 200, "time_limit": 300},
        "rate": {"rate_limit": "10/s"},
    }
    if limits:
        chosen = {key: value for each in limits.split(",") for key, value in options[each].items()}

        @app.task(name="bench.limited", **chosen)
        def limited() -> None: ...
