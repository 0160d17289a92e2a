"""The tasks of the benchmark on RQ."""

from __future__ import annotations

import os

from counter import counter
from redis import Redis
from resp import ask
from rq import Queue
from rq.worker import SimpleWorker

FEW = 200
TTL_S = 500 if os.environ.get("BENCH_RESULTS") else 0

queue = Queue(connection=Redis.from_url(os.environ["BENCH_BROKER_URL"]))


class Simple(SimpleWorker):
    def register_birth(self):
        super().register_birth()
        counter().ready()


def noop():
    counter().tick()
    return 1


def send():
    return queue.enqueue(noop, result_ttl=TTL_S)


def send_many(n):
    for left in range(n, 0, -FEW):
        queue.enqueue_many([Queue.prepare_data(noop, result_ttl=TTL_S) for _ in range(min(left, FEW))])


def call():
    return send().latest_result(timeout=30).return_value


def stored():
    return ask(os.environ["BENCH_BROKER_URL"], "ZCARD", queue.finished_job_registry.key)
