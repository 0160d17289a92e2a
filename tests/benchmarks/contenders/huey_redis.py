"""Huey on RedisHuey."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

CONSUMER = ("huey_consumer", "huey_redis_app.huey", "-q", "-n")


class HueyRedis(Contender):
    name = "Huey"
    broker = "redis"
    app = "huey_redis_app"
    requirements = ("huey>=3.5,<4", "redis", "hiredis")
    venv = "peers-redis"
    distributions = ("huey", "redis", "hiredis")
    has_bulk = False
    make_app = "from huey import RedisHuey\nhuey = RedisHuey('x', url=os.environ['BENCH_BROKER_URL'])"
    first_send = "@huey.task()\ndef noop(): pass\nnoop()"
    drain = 10_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_BROKER_URL": broker.address}

    def setups(self) -> Sequence[Setup]:
        thread, process = (*CONSUMER, "-k", "thread"), (*CONSUMER, "-k", "process")
        notify = (("BENCH_NOTIFY", "1"),)
        return (
            Setup("1 thread", 1, ((*thread, "-w", "1"),), frozenset({"drain", "round trip", "boot", "idle"})),
            Setup("1 process", 1, ((*process, "-w", "1"),), frozenset({"drain"})),
            Setup("2 processes", 2, ((*process, "-w", "2"),), frozenset({"drain", "boot", "memory", "growth"})),
            Setup("2 × 1 thread", 2, ((*thread, "-w", "1"),) * 2, frozenset({"drain"})),
            Setup("1 thread, notify_result", 1, ((*thread, "-w", "1"),), frozenset({"round trip", "idle"}), notify),
        )

    def settings(self) -> str:
        return (
            "no periodic tasks; a task is popped without acknowledgement, so a killed worker loses it; its client "
            "polls by default and is pushed to with notify_result, which its drains go without"
        )


CONTENDER = HueyRedis()
