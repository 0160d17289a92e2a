"""RQ."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

QUIET = ("-q", "--disable-job-desc-logging")
WORKER = ("rq", "worker", *QUIET)
SIMPLE = ("-w", "rq_app.Simple")


class RqRedis(Contender):
    name = "RQ"
    broker = "redis"
    app = "rq_app"
    requirements = ("rq>=3,<4", "hiredis")
    venv = "peers-redis"
    distributions = ("rq", "redis", "hiredis")
    make_app = (
        "from redis import Redis\nfrom rq import Queue\n"
        "queue = Queue(connection=Redis.from_url(os.environ['BENCH_BROKER_URL']))"
    )
    first_send = "queue.enqueue('rq_app.noop')"
    drain = 2_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_BROKER_URL": broker.address, "RQ_REDIS_URL": broker.address}

    def setups(self) -> Sequence[Setup]:
        idle = frozenset({"round trip", "idle"})
        return (
            Setup("simple", 1, ((*WORKER, *SIMPLE),), idle | {"drain", "boot"}),
            Setup("forking, default", 1, (WORKER,), idle | {"drain"}, drain=300),
            Setup("pool of 2, simple", 2, (("rq", "worker-pool", "-q", "-n", "2", *SIMPLE),), frozenset({"drain"})),
        )

    def settings(self) -> str:
        return (
            "simple: tasks run in the worker itself, by default each in a new process; results for 500 s as it keeps "
            "them; in bulk: enqueue_many"
        )


CONTENDER = RqRedis()
