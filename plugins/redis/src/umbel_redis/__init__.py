"""Umbel on Redis: queues and results on Celery's wire."""
