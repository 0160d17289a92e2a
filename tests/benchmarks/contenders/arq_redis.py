"""arq."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

WORKER = ("arq", "arq_app.WorkerSettings")
TUNED = (("BENCH_MAX_JOBS", "100"), ("BENCH_POLL_S", "0.01"), ("BENCH_CLIENT_POLL_S", "0.001"))


class ArqRedis(Contender):
    name = "arq"
    broker = "redis"
    app = "arq_app"
    requirements = ("arq>=0.28,<0.29", "hiredis")
    venv = "peers-arq"  # it wants an older redis-py than the others
    distributions = ("arq", "redis", "hiredis")
    make_app = (
        "from arq import create_pool\nfrom arq.connections import RedisSettings\n"
        "settings = RedisSettings.from_dsn(os.environ['BENCH_BROKER_URL'])"
    )
    first_send = (
        "import asyncio\nasync def send():\n"
        "    await (await create_pool(settings)).enqueue_job('noop')\nasyncio.run(send())"
    )
    drain = 5_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_BROKER_URL": broker.address}

    def setups(self) -> Sequence[Setup]:
        return (
            Setup("tuned", 1, (WORKER,), frozenset({"drain", "round trip", "idle"}), TUNED),
            Setup("default", 1, (WORKER,), frozenset({"drain", "round trip", "boot", "idle"}), drain=1_000),
            Setup("2 × tuned", 2, (WORKER,) * 2, frozenset({"drain"}), TUNED),
        )

    def settings(self) -> str:
        return (
            "tuned: 100 jobs at a time, polls every 10 ms, its client every 1 ms; by default 10 jobs and both poll "
            "every 500 ms; in bulk: 200 calls gathered at a time"
        )


CONTENDER = ArqRedis()
