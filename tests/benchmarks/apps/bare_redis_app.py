"""LPUSH and its answer, with redis-py's `Connection`: what a call could cost that does nothing else."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from redis.connection import Connection

from umbel_app import noop

FEW = 100

_url = urlsplit(os.environ["BENCH_BROKER_URL"])
_connection = Connection(host=_url.hostname, port=_url.port)


def _call(*command):
    _connection.send_command(*command)
    return _connection.read_response()


def _message():
    """As many bytes as Umbel sends."""
    noop.delay()
    return _call("RPOP", "celery")


MESSAGE = _message()


def send():
    _connection.send_command("LPUSH", "bare", MESSAGE)
    _connection.read_response()


def send_many(n):
    for left in range(n, 0, -FEW):
        _call("LPUSH", "bare", *[MESSAGE] * min(left, FEW))
