"""Peers that are not measured on SQLite, and why: an absence is said, not left out."""

from __future__ import annotations

BROKER = "sqlite"

ABSENT = {
    "RQ": "Redis only",
    "arq": "Redis only",
    "Dramatiq": "Redis, RabbitMQ and an in-memory stub for tests",
    "Taskiq": "no SQLite broker among its own; its in-memory one does not cross processes",
    "litequeue": "a queue in SQLite without tasks, workers or results: there is nothing to drain it with",
    "Django-Q2, django-tasks": "SQLite through Django's ORM, inside a Django project only",
    "Procrastinate, Chancy": "PostgreSQL only",
}
