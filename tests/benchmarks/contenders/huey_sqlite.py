"""Huey on SqliteHuey, and on CySqliteHuey, its faster SQLite library."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

CONSUMER = ("huey_consumer", "huey_app.huey", "-q", "-n")
FAST_POLL = ("-d", "0.001", "-m", "0.001", "-b", "1.0")
CY = (("BENCH_LIBRARY", "cysqlite"),)


class HueySqlite(Contender):
    name = "Huey"
    broker = "sqlite"
    app = "huey_app"
    requirements = ("huey>=3.5,<4", "cysqlite")
    distributions = ("huey", "cysqlite")
    has_bulk = False
    make_app = "from huey import SqliteHuey\nhuey = SqliteHuey('x', filename=os.environ['BENCH_DATABASE'])"
    first_send = "@huey.task()\ndef noop(): pass\nnoop()"
    drain = 8_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_DATABASE": broker.address, "BENCH_DURABILITY": broker.durability}

    def setups(self) -> Sequence[Setup]:
        drain = frozenset({"drain"})
        return (
            Setup("1 thread", 1, ((*CONSUMER, "-w", "1", "-k", "thread", *FAST_POLL),), drain),
            Setup("1 thread, cysqlite", 1, ((*CONSUMER, "-w", "1", "-k", "thread", *FAST_POLL),), drain, CY),
            Setup("2 threads", 1, ((*CONSUMER, "-w", "2", "-k", "thread", *FAST_POLL),), drain),
            Setup("1 process", 1, ((*CONSUMER, "-w", "1", "-k", "process", *FAST_POLL),), drain),
            Setup("2 processes", 2, ((*CONSUMER, "-w", "2", "-k", "process", *FAST_POLL),), drain),
            Setup("2 × 1 thread", 2, ((*CONSUMER, "-w", "1", "-k", "thread", *FAST_POLL),) * 2, drain),
            Setup("2 processes, cysqlite", 2, ((*CONSUMER, "-w", "2", "-k", "process", *FAST_POLL),), drain, CY),
            Setup(
                "1 thread, polls every 1 ms",
                1,
                ((*CONSUMER, "-w", "1", "-k", "thread", *FAST_POLL),),
                frozenset({"round trip", "idle"}),
                (("BENCH_POLL_S", "0.001"),),
            ),
            Setup(
                "1 thread, default",
                1,
                ((*CONSUMER, "-w", "1", "-k", "thread"),),
                frozenset({"round trip", "boot", "idle"}),
            ),
            Setup(
                "2 processes, default",
                2,
                ((*CONSUMER, "-w", "2", "-k", "process"),),
                frozenset({"boot", "memory", "growth"}),
            ),
        )

    def settings(self) -> str:
        return (
            "WAL as shipped; `synchronous` as for everyone (its own choice is FULL, or OFF with fsync=False); a task "
            "is deleted when it is taken, so a killed worker loses it; its consumer polls every 1 ms for the drain, "
            "and sleeps 0.1 to 10 s on an empty queue where a row says default"
        )


CONTENDER = HueySqlite()
