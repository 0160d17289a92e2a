"""The tasks of the benchmark on Dramatiq, on RabbitMQ."""

from __future__ import annotations

import os

import dramatiq
from counter import counter
from dramatiq.brokers.rabbitmq import RabbitmqBroker

BARE = bool(os.environ.get("BENCH_BARE"))

broker = RabbitmqBroker(url=os.environ["BENCH_BROKER_URL"], **({"middleware": []} if BARE else {}))
if not BARE:

    class Ready(dramatiq.Middleware):
        def after_worker_boot(self, broker, worker):
            counter().ready()

    broker.add_middleware(Ready())
dramatiq.set_broker(broker)


@dramatiq.actor
def noop():
    counter().tick()


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
