"""The tasks of the benchmark on Huey, on Redis."""

from __future__ import annotations

import os

from counter import counter
from huey import RedisHuey
from resp import ask

huey = RedisHuey(
    "bench",
    url=os.environ["BENCH_BROKER_URL"],
    results=bool(os.environ.get("BENCH_RESULTS")),
    store_none=False,
    notify_result=bool(os.environ.get("BENCH_NOTIFY")),
)


@huey.task()
def noop():
    counter().tick()
    return 1


@huey.task()
def hold():
    counter().hold()


@huey.on_startup()
def say_ready():
    counter().ready()


send = noop


def send_later(n, delay_s):
    for _ in range(n):
        noop.schedule(delay=delay_s)


def send_hold(n):
    for _ in range(n):
        hold()


def call():
    return noop().get(blocking=True, timeout=30)


def stored():
    return ask(os.environ["BENCH_BROKER_URL"], "HLEN", huey.storage.result_key)
