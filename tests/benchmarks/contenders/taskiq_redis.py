"""Taskiq on Redis: on lists, and on streams."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

WORKER = ("taskiq", "worker", "taskiq_app:broker", "--log-level", "WARNING")
TUNED = ("--no-parse", "--max-prefetch", "100")
LIST, STREAM = (("BENCH_TASKIQ", "list"),), (("BENCH_TASKIQ", "stream"),)
POLL = (("BENCH_POLL_S", "0.001"),)


class TaskiqRedis(Contender):
    name = "Taskiq"
    broker = "redis"
    app = "taskiq_app"
    requirements = ("taskiq>=0.13,<0.14", "taskiq-redis>=1.2,<2", "hiredis")
    venv = "peers-redis"
    distributions = ("taskiq", "taskiq-redis", "redis", "hiredis")
    make_app = "from taskiq_redis import ListQueueBroker\nbroker = ListQueueBroker(url=os.environ['BENCH_BROKER_URL'])"
    first_send = (
        "@broker.task\nasync def noop(): pass\nimport asyncio\n"
        "async def send():\n    await broker.startup()\n    await noop.kiq()\nasyncio.run(send())"
    )
    drain = 5_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {
            "BENCH_BROKER_URL": broker.address,
            "BENCH_BACKEND_URL": broker.address.removesuffix("/0") + "/1",
        }

    def setups(self) -> Sequence[Setup]:
        one, two = (*WORKER, "--workers", "1"), (*WORKER, "--workers", "2")
        received = ("--ack-type", "when_received")
        drain = frozenset({"drain"})
        return (
            Setup("list, 1 process, tuned", 1, ((*one, *TUNED, *received),), drain, LIST),
            Setup("stream, 1 process, tuned", 1, ((*one, *TUNED),), drain, STREAM),
            Setup("list, 2 processes, tuned", 2, ((*two, *TUNED, *received),), drain, LIST),
            Setup("stream, 2 processes, tuned", 2, ((*two, *TUNED),), drain, STREAM),
            Setup("list, client polls every 1 ms", 1, (one,), frozenset({"round trip"}), LIST + POLL),
            Setup("stream, client polls every 1 ms", 1, (one,), frozenset({"round trip"}), STREAM + POLL),
            Setup("list, 1 process, default", 1, (one,), frozenset({"round trip", "boot", "idle"}), LIST),
            Setup("list, 2 processes, default", 2, (two,), frozenset({"memory"}), LIST),
        )

    def settings(self) -> str:
        return (
            "tuned: no parsing of arguments, prefetch 100, acknowledged when received; its lists lose what a killed "
            "worker had taken; its client polls every 0.2 s by default; in bulk: 200 calls gathered at a time"
        )


CONTENDER = TaskiqRedis()
