"""The tasks of the benchmark on Umbel, seen by a client on RabbitMQ."""

from __future__ import annotations

import asyncio

from callers import from_threads

from umbel_app import app, call, noop, send, send_hold, send_later, send_many

__all__ = ["app", "call", "noop", "send", "send_hold", "send_later", "send_many", "send_together", "stored"]


def send_together(who, n):
    """n calls by `8 threads` or `100 coroutines`, each with its share."""
    number, kind = who.split()
    share = n // int(number)
    if kind == "threads":
        from_threads(int(number), share, noop.delay)
    else:
        asyncio.run(_send_from_coroutines(int(number), share))


async def _send_from_coroutines(number, share):
    async def one():
        for _ in range(share):
            await noop.adelay()

    await asyncio.gather(*(one() for _ in range(number)))


def stored():
    """How many results are in this client's queue, or have been taken from it."""
    link = app.transport._publisher.link
    with app.transport._publisher.lock, link.calling():
        return link.desk.queue_declare(app.oid, passive=True).message_count
