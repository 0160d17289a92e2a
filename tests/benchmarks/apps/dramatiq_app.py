"""The tasks of the benchmark on Dramatiq, on Redis."""

from __future__ import annotations

import os

import dramatiq
from counter import counter
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend
from resp import ask

STORES = bool(os.environ.get("BENCH_RESULTS"))
BARE = bool(os.environ.get("BENCH_BARE"))

broker = RedisBroker(url=os.environ["BENCH_BROKER_URL"], **({"middleware": []} if BARE else {}))
if STORES:
    broker.add_middleware(Results(backend=RedisBackend(url=os.environ["BENCH_BACKEND_URL"])))
if not BARE:

    class Ready(dramatiq.Middleware):
        def after_worker_boot(self, broker, worker):
            counter().ready()

    broker.add_middleware(Ready())
dramatiq.set_broker(broker)


@dramatiq.actor(**({"store_results": True} if STORES else {}))
def noop():
    counter().tick()
    return 1 if STORES else None  # it warns of results that nobody keeps


@dramatiq.actor
def hold():
    counter().hold()


send = noop.send


def send_later(n, delay_s):
    for _ in range(n):
        noop.send_with_options(delay=int(delay_s * 1000))


def send_hold(n):
    for _ in range(n):
        hold.send()


def call():
    return noop.send().get_result(block=True, timeout=30_000)


def stored():
    return ask(os.environ["BENCH_BACKEND_URL"], "DBSIZE")  # nothing else is in that database
