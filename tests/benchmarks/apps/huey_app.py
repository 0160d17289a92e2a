"""The tasks of the benchmark on Huey, on SQLite."""

from __future__ import annotations

import os
import sqlite3

from counter import counter
from huey import CySqliteHuey, SqliteHuey
from huey.storage import CySqliteStorage, SqliteStorage

PATH = os.environ["BENCH_DATABASE"]
POLL_S = float(os.environ.get("BENCH_POLL_S", "0"))
DURABILITY = f"pragma {os.environ['BENCH_DURABILITY']}"


class EqualStorage(SqliteStorage):
    """Huey knows only fsync=True (FULL), False (OFF) and SQLite's default; this makes it what the others have."""

    def _create_connection(self):
        connection = super()._create_connection()
        connection.execute(DURABILITY)
        return connection


class EqualCyStorage(CySqliteStorage):
    def _create_connection(self):
        connection = super()._create_connection()
        connection.execute(DURABILITY)
        return connection


STORES = bool(os.environ.get("BENCH_RESULTS"))
if os.environ.get("BENCH_LIBRARY") == "cysqlite":
    huey = CySqliteHuey("bench", storage_class=EqualCyStorage, filename=PATH, results=STORES, store_none=False)
else:
    huey = SqliteHuey("bench", storage_class=EqualStorage, filename=PATH, results=STORES, store_none=False)


@huey.task()
def noop():
    counter().tick()
    return 1


@huey.task()
def hold():
    counter().hold()


@huey.on_startup()
def say_ready():
    counter().ready()


send = noop


def send_later(n, delay_s):
    for _ in range(n):
        noop.schedule(delay=delay_s)


def send_hold(n):
    for _ in range(n):
        hold()


def call():
    polling = {"backoff": 1.0, "max_delay": POLL_S} if POLL_S else {}
    return noop().get(blocking=True, timeout=30, **polling)


def stored():
    with sqlite3.connect(PATH, timeout=30) as database:
        return database.execute("select count(*) from kv").fetchone()[0]
