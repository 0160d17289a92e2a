"""Peers that are not measured on RabbitMQ, and why: an absence is said, not left out."""

from __future__ import annotations

BROKER = "rabbitmq"

ABSENT = {
    "RQ, arq, Huey": "no RabbitMQ",
    "Taskiq": "a plugin of its own (taskiq-aio-pika), with results elsewhere: not compared yet",
    "litequeue": "SQLite only",
    "Procrastinate, Chancy": "PostgreSQL only",
}
