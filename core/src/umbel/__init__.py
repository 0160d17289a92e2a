"""Umbel: a distributed task queue with Celery's vocabulary."""

__version__ = "0.1.0"
