"""The floor of a call: one LPUSH and its answer, with redis-py's `Connection`, and nothing around it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..brokers import Broker
from ..contender import Contender, Setup

ECHO = Path(__file__).parents[1] / "apps" / "bare_redis_echo.py"


class BareRedis(Contender):
    name = "Bare LPUSH"
    broker = "redis"
    app = "bare_redis_app"
    distributions = ("redis", "hiredis")
    make_app = (
        "from redis.connection import Connection\nfrom urllib.parse import urlsplit\n"
        "url = urlsplit(os.environ['BENCH_BROKER_URL'])\n"
        "connection = Connection(host=url.hostname, port=url.port)"
    )
    first_send = "connection.send_command('LPUSH', 'bare', b'')\nconnection.read_response()"
    drain = 20_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_BROKER_URL": broker.address, "BENCH_BACKEND_URL": broker.address}

    def setups(self) -> Sequence[Setup]:
        return (Setup("echo", 1, (("python", str(ECHO)),), frozenset({"round trip"})),)

    def settings(self) -> str:
        return (
            "no contender but the floor: redis-py's `Connection` sends an LPUSH of a message that Umbel has made and "
            "waits for the answer; in bulk 100 messages in one LPUSH; its round trip is two lists and a process that "
            "moves what comes from one to the other (BRPOP, LPUSH)"
        )


CONTENDER = BareRedis()
