"""The tasks of the benchmark on Celery, any broker."""

from __future__ import annotations

import os
import sqlite3

import celery
import pool_tasks
import workflows
from celery import Celery
from celery.signals import worker_ready
from counter import counter

POLL_S = float(os.environ.get("BENCH_POLL_S", "0"))
STORES = bool(os.environ.get("BENCH_RESULTS"))

app = Celery("celery_app", broker=os.environ["BENCH_BROKER_URL"])
app.conf.update(
    task_ignore_result=not STORES,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)
if STORES:
    app.conf.result_backend = os.environ["BENCH_BACKEND_URL"]
if prefetch := os.environ.get("BENCH_PREFETCH"):
    app.conf.worker_prefetch_multiplier = int(prefetch)

if os.environ.get("BENCH_LEAN"):
    app.conf.worker_enable_remote_control = False

if os.environ["BENCH_BROKER_URL"].startswith("sqla+sqlite"):
    from kombu.transport.sqlalchemy import Transport
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    if POLL_S:
        Transport.polling_interval = POLL_S  # as an option, this transport hands it to SQLAlchemy, which refuses it

    @event.listens_for(Engine, "connect")
    def as_durable_as_the_others(connection, record):
        connection.execute("pragma journal_mode=wal")
        connection.execute(f"pragma {os.environ['BENCH_DURABILITY']}")


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
workflow = workflows.define(app, celery)
burn, sleep = pool_tasks.define(app)


def send_many(n, task=noop):
    with app.producer_pool.acquire(block=True) as producer:  # Celery's own advice: one producer for many calls
        for _ in range(n):
            task.apply_async(producer=producer)


def send_later(n, delay_s):
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(n):
            noop.apply_async(countdown=delay_s, producer=producer)


def send_hold(n):
    for _ in range(n):
        hold.delay()


def call():
    return noop.delay().get(timeout=30, interval=POLL_S or 0.5)


def stored():
    if os.environ["BENCH_BACKEND_URL"].startswith("redis"):
        from resp import ask  # noqa: PLC0415  (a worker has no use for it)

        return ask(os.environ["BENCH_BACKEND_URL"], "DBSIZE")  # nothing else is in that database
    path = os.environ["BENCH_BACKEND_URL"].partition(":///")[2]
    with sqlite3.connect(path, timeout=30) as database:
        try:
            return database.execute("select count(*) from celery_taskmeta where status = 'SUCCESS'").fetchone()[0]
        except sqlite3.OperationalError:  # no result has come yet, so there is no table
            return 0
