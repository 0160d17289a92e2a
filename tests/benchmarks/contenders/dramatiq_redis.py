"""Dramatiq on Redis."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

WORKER = ("dramatiq", "dramatiq_app")
TUNED = (("BENCH_BARE", "1"), ("dramatiq_queue_prefetch", "1000"))


class DramatiqRedis(Contender):
    name = "Dramatiq"
    broker = "redis"
    app = "dramatiq_app"
    requirements = ("dramatiq[redis]>=2.2,<3", "hiredis")
    venv = "peers-redis"
    distributions = ("dramatiq", "redis", "hiredis")
    has_bulk = False
    make_app = (
        "import dramatiq\nfrom dramatiq.brokers.redis import RedisBroker\n"
        "dramatiq.set_broker(RedisBroker(url=os.environ['BENCH_BROKER_URL']))"
    )
    first_send = "@dramatiq.actor\ndef noop(): pass\nnoop.send()"
    growth_delayed = 10_000
    drain = 10_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {
            "BENCH_BROKER_URL": broker.address,
            "BENCH_BACKEND_URL": broker.address.removesuffix("/0") + "/1",
        }

    def setups(self) -> Sequence[Setup]:
        tuned = ("-t", "1", "--skip-logging")
        return (
            Setup("1 process, tuned", 1, ((*WORKER, "-p", "1", *tuned),), frozenset({"drain"}), TUNED),
            Setup(
                "1 process, 8 threads, default",
                1,
                ((*WORKER, "-p", "1", "-t", "8"),),
                frozenset({"drain", "round trip", "boot", "idle", "growth"}),
                at_once=8,
            ),
            Setup("2 processes, tuned", 2, ((*WORKER, "-p", "2", *tuned),), frozenset({"drain"}), TUNED),
            Setup(
                "2 × 8 threads, default",
                2,
                ((*WORKER, "-p", "2", "-t", "8"),),
                frozenset({"drain", "memory"}),
            ),
        )

    def settings(self) -> str:
        return "tuned: no middleware, one thread a process, prefetch 1000, no logging; it has no way to send many"


CONTENDER = DramatiqRedis()
