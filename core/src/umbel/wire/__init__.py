"""Celery's wire: message protocol 2 (and 1 on receipt), its JSON, its result records."""
