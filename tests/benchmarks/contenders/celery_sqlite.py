"""Celery on its SQLAlchemy transport and database result backend."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup

APP = ("celery", "-A", "celery_app", "worker", "-l", "ERROR")
LEAN = ("--without-gossip", "--without-mingle", "--without-heartbeat")
FAST_POLL = (("BENCH_POLL_S", "0.001"),)
FAST_POLL_LEAN = (*FAST_POLL, ("BENCH_PREFETCH", "64"))


class CelerySqlite(Contender):
    name = "Celery"
    broker = "sqlite"
    app = "celery_app"
    requirements = ("celery[sqlalchemy]>=5.7,<6",)
    distributions = ("celery", "kombu", "billiard", "sqlalchemy")
    make_app = "from celery import Celery\napp = Celery('x', broker=os.environ['BENCH_BROKER_URL'])"
    first_send = "@app.task\ndef noop(): pass\nnoop.delay()"
    growth = 5_000
    drain = 2_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {
            "BENCH_BROKER_URL": f"sqla+sqlite:///{broker.address}",
            "BENCH_BACKEND_URL": f"db+sqlite:///{broker.folder}/results.db",
            "BENCH_DURABILITY": broker.durability,
        }

    def setups(self) -> Sequence[Setup]:
        solo, prefork = (*APP, "-P", "solo"), (*APP, "-P", "prefork", "-c", "2")
        return (
            Setup("solo, lean", 1, ((*solo, *LEAN),), frozenset({"drain", "boot"}), FAST_POLL_LEAN),
            Setup("prefork 2, lean", 2, ((*prefork, *LEAN),), frozenset({"drain"}), FAST_POLL_LEAN),
            Setup(
                "2 × solo, lean",
                2,
                ((*solo, *LEAN, "-n", "a@%h"), (*solo, *LEAN, "-n", "b@%h")),
                frozenset({"drain"}),
                FAST_POLL_LEAN,
            ),
            Setup("solo, lean, polls every 1 ms", 1, ((*solo, *LEAN),), frozenset({"round trip", "idle"}), FAST_POLL),
            Setup("prefork 2, default", 2, (prefork,), frozenset({"round trip", "boot", "idle", "memory", "growth"})),
        )

    def settings(self) -> str:
        return (
            "SQLAlchemy transport and database results, WAL set on each connection (its default is a rollback "
            "journal); lean: no gossip, mingle, heartbeat, prefetch 64; its default polls every second"
        )


CONTENDER = CelerySqlite()
