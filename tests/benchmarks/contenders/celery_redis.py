"""Celery on Redis, with results in Redis."""

from __future__ import annotations

from collections.abc import Sequence

from .. import pools
from ..brokers import Broker
from ..contender import Contender, Setup

APP = ("celery", "-A", "celery_app", "worker", "-l", "ERROR")
FLAGS = ("--without-gossip", "--without-mingle", "--without-heartbeat")
LEAN = (("BENCH_LEAN", "1"), ("BENCH_PREFETCH", "64"))


class CeleryRedis(Contender):
    name = "Celery"
    broker = "redis"
    app = "celery_app"
    requirements = ("celery[redis]>=5.7,<6", "redis", "hiredis", "gevent", "eventlet")
    venv = "peers-redis"
    distributions = ("celery", "kombu", "billiard", "redis", "hiredis", "gevent", "eventlet")
    make_app = "from celery import Celery\napp = Celery('x', broker=os.environ['BENCH_BROKER_URL'])"
    first_send = "@app.task\ndef noop(): pass\nnoop.delay()"
    growth_delayed = 10_000  # 8.6 KB of its worker each
    drain = 5_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {
            "BENCH_BROKER_URL": broker.address,
            "BENCH_BACKEND_URL": broker.address.removesuffix("/0") + "/1",
        }

    def setups(self) -> Sequence[Setup]:
        solo, prefork = (*APP, "-P", "solo"), (*APP, "-P", "prefork", "-c", "2")
        threads, drain = (*APP, "-P", "threads", "-c", "1"), frozenset({"drain"})
        idle = frozenset({"drain", "boot", "round trip", "idle"})
        return (
            Setup("solo, lean", 1, ((*solo, *FLAGS),), idle, LEAN),
            Setup("solo, default", 1, (solo,), drain),
            Setup("threads 1, lean", 1, ((*threads, *FLAGS),), drain, LEAN),
            Setup("prefork 2, lean", 2, ((*prefork, *FLAGS),), frozenset({"drain", "round trip"}), LEAN),
            Setup("prefork 2, default", 2, (prefork,), idle | {"memory", "growth", "workflows"}),
            Setup(
                "2 × solo, lean",
                2,
                ((*solo, *FLAGS, "-n", "a@%h"), (*solo, *FLAGS, "-n", "b@%h")),
                drain,
                LEAN,
            ),
            *pools.setups(APP, FLAGS, LEAN, without=("asyncio",)),
        )

    def settings(self) -> str:
        return (
            "lean: no gossip, mingle, heartbeat and remote control, prefetch 64; gevent with ten greenlets and prefork "
            "with one child were slower than any row here; in bulk: a loop with one producer"
        )


CONTENDER = CeleryRedis()
