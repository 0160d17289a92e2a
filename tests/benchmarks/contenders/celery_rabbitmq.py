"""Celery on RabbitMQ, results over `rpc://`."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

APP = ("celery", "-A", "celery_app", "worker", "-l", "ERROR")
FLAGS = ("--without-gossip", "--without-mingle", "--without-heartbeat")
LEAN = (("BENCH_LEAN", "1"), ("BENCH_PREFETCH", "64"))


class CeleryRabbitmq(Contender):
    name = "Celery"
    broker = "rabbitmq"
    app = "celery_rabbitmq_app"
    requirements = ("celery>=5.7,<6",)
    venv = "peers-rabbitmq"
    distributions = ("celery", "kombu", "billiard", "amqp")
    make_app = "from celery import Celery\napp = Celery('x', broker=os.environ['BENCH_BROKER_URL'])"
    first_send = "@app.task\ndef noop(): pass\nnoop.delay()"
    growth_delayed = 10_000
    drain = 5_000
    together = frozenset({"8 threads"})

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_BROKER_URL": broker.address, "BENCH_BACKEND_URL": "rpc://"}

    def setups(self) -> Sequence[Setup]:
        solo, prefork = (*APP, "-P", "solo"), (*APP, "-P", "prefork", "-c", "2")
        threads, drain = (*APP, "-P", "threads", "-c", "1"), frozenset({"drain"})
        idle = frozenset({"drain", "boot", "round trip", "idle"})
        return (
            Setup("solo, lean", 1, ((*solo, *FLAGS),), idle, LEAN),
            Setup("solo, default", 1, (solo,), drain),
            Setup("threads 1, lean", 1, ((*threads, *FLAGS),), drain, LEAN),
            Setup("prefork 2, lean", 2, ((*prefork, *FLAGS),), frozenset({"drain", "round trip"}), LEAN),
            Setup("prefork 2, default", 2, (prefork,), idle | {"memory", "growth"}),
        )

    def settings(self) -> str:
        return (
            "lean: no gossip, mingle, heartbeat and remote control, prefetch 64; its messages are not confirmed, which "
            "is its default; in bulk: a loop with one producer"
        )


CONTENDER = CeleryRabbitmq()
