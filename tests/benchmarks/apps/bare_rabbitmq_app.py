"""basic.publish and its confirm, with py-amqp: what a call could cost that does nothing else."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

import amqp

from umbel_app import app, noop

_url = urlsplit(os.environ["BENCH_BROKER_URL"])
_connection = amqp.Connection(
    f"{_url.hostname}:{_url.port}",
    _url.username,
    _url.password,
    virtual_host=unquote(_url.path[1:]) or "/",
    confirm_publish=True,
)
_connection.connect()
_channel = _connection.channel()
_channel.queue_declare("bare", durable=True, auto_delete=False)


def _message():
    """As many bytes as Umbel sends."""
    noop.delay()
    sent = _channel.basic_get("celery", no_ack=True)
    app.close()
    names = ("content_type", "content_encoding", "application_headers", "delivery_mode", "correlation_id", "reply_to")
    return amqp.Message(sent.body, **{name: sent.properties[name] for name in (*names, "message_id")})


MESSAGE = _message()


def send():
    _channel.basic_publish(MESSAGE, routing_key="bare")
