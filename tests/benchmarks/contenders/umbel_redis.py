"""Umbel on Redis."""

from __future__ import annotations

from collections.abc import Sequence

from .. import pools
from ..brokers import Broker
from ..contender import Contender, Setup

WORKER = ("umbel", "-A", "umbel_app", "worker", "-l", "ERROR")
#: What another task of the app has.
LIMITS = {"time limits elsewhere": "time", "a rate limit elsewhere": "rate", "both elsewhere": "time,rate"}


class UmbelRedis(Contender):
    name = "Umbel"
    broker = "redis"
    app = "umbel_app"
    distributions = ("umbel-core", "umbel-redis", "umbel-prefork", "redis", "hiredis", "gevent", "eventlet")
    make_app = "from umbel import Umbel\napp = Umbel('x', broker=os.environ['BENCH_BROKER_URL'])"
    first_send = "@app.task\ndef noop(): pass\nnoop.delay()"
    drain = 60_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {
            "BENCH_BROKER_URL": broker.address,
            "BENCH_BACKEND_URL": broker.address.removesuffix("/0") + "/1",
        }

    def setups(self) -> Sequence[Setup]:
        solo, prefork = (*WORKER, "-P", "solo"), (*WORKER, "-P", "prefork")
        return (
            Setup("solo", 1, (solo,), frozenset({"drain", "boot", "round trip", "idle"})),
            Setup("threads 1", 1, ((*WORKER, "-P", "threads", "-c", "1"),), frozenset({"drain"})),
            Setup("prefork 1", 1, ((*prefork, "-c", "1"),), frozenset({"drain", "scaling"})),
            Setup("2 × solo", 2, ((*solo, "-n", "a@%h"), (*solo, "-n", "b@%h")), frozenset({"drain"})),
            Setup(
                "prefork 2, default",
                2,
                ((*prefork, "-c", "2"),),
                frozenset(
                    {"drain", "round trip", "boot", "idle", "memory", "growth", "workflows", "scaling", "limits"}
                ),
            ),
            *(
                Setup(
                    f"prefork 2, {label}",
                    2,
                    ((*prefork, "-c", "2"),),
                    frozenset({"limits"}),
                    (("BENCH_LIMITS", limits),),
                )
                for label, limits in LIMITS.items()
            ),
            *pools.setups(WORKER),
        )

    def settings(self) -> str:
        return (
            "its defaults, on Celery's keys and messages; a worker leases what it reserves, so a killed one loses "
            "nothing that had not begun"
        )


CONTENDER = UmbelRedis()
