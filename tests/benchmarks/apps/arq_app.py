"""The tasks of the benchmark on arq."""

from __future__ import annotations

import asyncio
import os
from functools import cache

from arq import create_pool
from arq.connections import RedisSettings
from counter import counter
from resp import ask

FEW = 200
CLIENT_POLL_S = float(os.environ.get("BENCH_CLIENT_POLL_S", "0.5"))
SETTINGS = RedisSettings.from_dsn(os.environ["BENCH_BROKER_URL"])


async def noop(_context):
    counter().tick()
    return 1


async def say_ready(_context):
    counter().ready()


class WorkerSettings:
    functions = (noop,)
    redis_settings = SETTINGS
    on_startup = say_ready
    max_jobs = int(os.environ.get("BENCH_MAX_JOBS", "10"))
    poll_delay = float(os.environ.get("BENCH_POLL_S", "0.5"))
    keep_result = 3600 if os.environ.get("BENCH_RESULTS") else 0


@cache
def _client():
    """The client's loop, and its pool of connections."""
    loop = asyncio.new_event_loop()
    return loop, loop.run_until_complete(create_pool(SETTINGS))


def send_each(n):
    loop, pool = _client()

    async def each():
        for _ in range(n):
            await pool.enqueue_job("noop")

    loop.run_until_complete(each())


def send_many(n):
    loop, pool = _client()

    async def many():
        for left in range(n, 0, -FEW):
            await asyncio.gather(*(pool.enqueue_job("noop") for _ in range(min(left, FEW))))

    loop.run_until_complete(many())


def call():
    loop, pool = _client()

    async def there_and_back():
        job = await pool.enqueue_job("noop")
        return await job.result(timeout=30, poll_delay=CLIENT_POLL_S)

    return loop.run_until_complete(there_and_back())


def stored():
    return ask(os.environ["BENCH_BROKER_URL"], "EVAL", "return #redis.call('KEYS', 'arq:result:*')", 0)
