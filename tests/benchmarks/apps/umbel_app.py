"""The tasks of the benchmark on Umbel, any broker."""

from __future__ import annotations

import os
import sqlite3

import pool_tasks
import workflows
from counter import counter

import umbel
from umbel import Umbel
from umbel.signals import worker_ready

STORES = bool(os.environ.get("BENCH_RESULTS"))

app = Umbel("umbel_app", broker=os.environ["BENCH_BROKER_URL"], backend=os.environ["BENCH_BACKEND_URL"])
app.conf.task_ignore_result = not STORES
if os.environ["BENCH_BROKER_URL"].startswith("sqlite"):
    app.conf.sqlite_synchronous = os.environ["BENCH_DURABILITY"].partition("=")[2]


@app.task
def noop():
    counter().tick()
    return 1


@app.task
def hold():
    counter().hold()


@worker_ready.connect
def say_ready(**_):
    counter().ready()


send = noop.delay
workflow = workflows.define(app, umbel)
burn, sleep = pool_tasks.define(app)
async_noop, async_sleep = pool_tasks.define_coroutines(app)
pool_tasks.define_limited(app, os.environ.get("BENCH_LIMITS", ""))


def send_many(n, task=noop):
    task.apply_many(() for _ in range(n))


def send_later(n, delay_s):
    noop.apply_many((() for _ in range(n)), countdown=delay_s)


def send_hold(n):
    for _ in range(n):
        hold.delay()


def call():
    return noop.delay().get(timeout=30)


def stored():
    if os.environ["BENCH_BACKEND_URL"].startswith("redis"):
        from resp import ask  # noqa: PLC0415  (a worker has no use for it)

        return ask(os.environ["BENCH_BACKEND_URL"], "DBSIZE")  # nothing else is in that database
    with sqlite3.connect(os.environ["BENCH_DATABASE"], timeout=30) as database:
        return database.execute("select count(*) from result").fetchone()[0]
