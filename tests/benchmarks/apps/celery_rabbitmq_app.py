"""The tasks of the benchmark on Celery, seen by a client on RabbitMQ."""

from __future__ import annotations

from callers import from_threads
from celery_app import app, call, noop, send, send_hold, send_later, send_many

__all__ = ["app", "call", "noop", "send", "send_hold", "send_later", "send_many", "send_together", "stored"]


def send_together(who, n):
    """n calls by `8 threads`, each with its share."""
    number = int(who.split()[0])
    from_threads(number, n // number, noop.delay)


def stored():
    """How many results are in this client's queue: it consumes from it only when it waits for one."""
    with app.connection_for_read() as connection:
        return connection.default_channel.queue_declare(app.thread_oid, passive=True).message_count
