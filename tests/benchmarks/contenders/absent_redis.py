"""Peers that are not measured on Redis, and why: an absence is said, not left out."""

from __future__ import annotations

BROKER = "redis"

ABSENT = {
    "litequeue": "SQLite only",
    "Django-Q2, django-tasks": "Redis through a broker inside a Django project only",
    "Procrastinate, Chancy": "PostgreSQL only",
}
