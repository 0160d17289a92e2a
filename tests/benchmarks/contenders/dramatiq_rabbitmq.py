"""Dramatiq on RabbitMQ."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

WORKER = ("dramatiq", "dramatiq_rabbitmq_app")
TUNED = (("BENCH_BARE", "1"), ("dramatiq_queue_prefetch", "1000"))


class DramatiqRabbitmq(Contender):
    name = "Dramatiq"
    broker = "rabbitmq"
    app = "dramatiq_rabbitmq_app"
    requirements = ("dramatiq[rabbitmq]>=2.2,<3",)
    venv = "peers-rabbitmq"
    distributions = ("dramatiq", "pika")
    has_bulk = False
    keeps_results = False
    make_app = (
        "import dramatiq\nfrom dramatiq.brokers.rabbitmq import RabbitmqBroker\n"
        "dramatiq.set_broker(RabbitmqBroker(url=os.environ['BENCH_BROKER_URL']))"
    )
    first_send = "@dramatiq.actor\ndef noop(): pass\nnoop.send()"
    growth_delayed = 10_000
    drain = 10_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_BROKER_URL": broker.address}

    def setups(self) -> Sequence[Setup]:
        tuned = ("-t", "1", "--skip-logging")
        idle = frozenset({"drain", "boot", "idle"})
        return (
            Setup("1 process, tuned", 1, ((*WORKER, "-p", "1", *tuned),), frozenset({"drain"}), TUNED),
            Setup("1 process, 8 threads, default", 1, ((*WORKER, "-p", "1", "-t", "8"),), idle, at_once=8),
            Setup("2 processes, tuned", 2, ((*WORKER, "-p", "2", *tuned),), frozenset({"drain"}), TUNED),
            Setup("2 × 8 threads, default", 2, ((*WORKER, "-p", "2", "-t", "8"),), frozenset({"drain", "memory"})),
        )

    def settings(self) -> str:
        return (
            "tuned: no middleware, one thread a process, prefetch 1000, no logging; its messages are not confirmed, "
            "which is its default; its results need another server, so none are stored; it has no way to send many"
        )


CONTENDER = DramatiqRabbitmq()
