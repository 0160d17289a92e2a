"""The tasks of the benchmark on Taskiq, on Redis."""

from __future__ import annotations

import asyncio
import os
from functools import cache

from counter import counter
from resp import ask
from taskiq import TaskiqEvents
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend, RedisStreamBroker

FEW = 200
POLL_S = float(os.environ.get("BENCH_POLL_S", "0.2"))
URL = os.environ["BENCH_BROKER_URL"]

if os.environ.get("BENCH_TASKIQ") == "stream":
    broker = RedisStreamBroker(url=URL, consumer_id="0")  # what was sent before the worker came counts too
else:
    broker = ListQueueBroker(url=URL)
if os.environ.get("BENCH_RESULTS"):
    broker = broker.with_result_backend(RedisAsyncResultBackend(redis_url=os.environ["BENCH_BACKEND_URL"]))


@broker.task
async def noop():
    counter().tick()
    return 1


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def say_ready(_state):
    counter().ready()


@cache
def _runner():
    """The client's loop: a worker has its own."""
    runner = asyncio.new_event_loop()
    runner.run_until_complete(broker.startup())
    return runner


def send():
    _runner().run_until_complete(noop.kiq())


def send_each(n):
    async def each():
        for _ in range(n):
            await noop.kiq()

    _runner().run_until_complete(each())


def send_many(n):
    async def many():
        for left in range(n, 0, -FEW):
            await asyncio.gather(*(noop.kiq() for _ in range(min(left, FEW))))

    _runner().run_until_complete(many())


def call():
    async def there_and_back():
        task = await noop.kiq()
        return (await task.wait_result(check_interval=POLL_S, timeout=30)).return_value

    return _runner().run_until_complete(there_and_back())


def stored():
    return ask(os.environ["BENCH_BACKEND_URL"], "DBSIZE")  # nothing else is in that database
