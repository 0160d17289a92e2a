"""The queue to which a client's results come, named as its calls say (`reply_to`), as on Celery's wire.

It stays when the connection is lost, and goes when nobody has used it for as long as results are kept.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from umbel_rabbitmq.settings import RabbitmqSettings


def arguments_of(settings: RabbitmqSettings) -> dict[str, Any]:
    """Of the queue."""
    expires = settings.expires
    seconds = expires.total_seconds() if isinstance(expires, timedelta) else expires
    return {"x-expires": max(1000, int(seconds * 1000))} if seconds else {}


def make(desk: Any, queue: str, settings: RabbitmqSettings) -> None:
    """Make the queue, unless it is there. On py-amqp's channel `desk`."""
    try:
        desk.queue_declare(queue, passive=True)
    except Exception as error:
        if type(error).__name__ != "NotFound":
            raise
        desk.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments_of(settings))
