"""Umbel on RabbitMQ, results over `rpc://`."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

WORKER = ("umbel", "-A", "umbel_app", "worker", "-l", "ERROR")


class UmbelRabbitmq(Contender):
    name = "Umbel"
    broker = "rabbitmq"
    app = "umbel_rabbitmq_app"
    distributions = ("umbel-core", "umbel-rabbitmq", "umbel-prefork", "umbel-threads", "amqp")
    make_app = "from umbel import Umbel\napp = Umbel('x', broker=os.environ['BENCH_BROKER_URL'])"
    first_send = "@app.task\ndef noop(): pass\nnoop.delay()"
    growth_delayed = 10_000
    drain = 30_000
    together = frozenset({"8 threads", "100 coroutines"})

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_BROKER_URL": broker.address, "BENCH_BACKEND_URL": "rpc://"}

    def setups(self) -> Sequence[Setup]:
        solo, prefork = (*WORKER, "-P", "solo"), (*WORKER, "-P", "prefork")
        return (
            Setup("solo", 1, (solo,), frozenset({"drain", "boot", "round trip", "idle"})),
            Setup("threads 1", 1, ((*WORKER, "-P", "threads", "-c", "1"),), frozenset({"drain"})),
            Setup(
                "prefork 2, default",
                2,
                ((*prefork, "-c", "2"),),
                frozenset({"drain", "round trip", "boot", "idle", "memory", "growth"}),
            ),
        )

    def settings(self) -> str:
        return "its defaults: every message and every result is confirmed by the broker before anything goes on"


CONTENDER = UmbelRabbitmq()
