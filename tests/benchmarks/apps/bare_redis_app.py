"""LPUSH and its answer, with redis-py's `Connection`: what a call could cost that does nothing else."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from redis.connection import Connection

from umbel_app import noop

FEW = 100

_url = urlsplit(os.environ["BENCH_BROKER_URL"])
_connection = Connection(host=_url.hostname, port=_url.port)


def call_redis(*command):
    _connection.send_command(*command)
    return _connection.read_response()


def _message():
    """As many bytes as Umbel sends."""
    noop.delay()
    return call_redis("RPOP", "celery")


MESSAGE = _message()


def send():
    _connection.send_command("LPUSH", "bare", MESSAGE)
    _connection.read_response()


def call():
    """There and back, through a process that only hands on what comes (`bare_redis_echo.py`)."""
    call_redis("LPUSH", "asked", MESSAGE)
    return int(call_redis("BRPOP", "answered", 0)[1] == MESSAGE)


def send_many(n):
    for left in range(n, 0, -FEW):
        call_redis("LPUSH", "bare", *[MESSAGE] * min(left, FEW))
