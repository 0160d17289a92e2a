"""Umbel's embedded default: queues and results across processes in one SQLite file."""
