"""Workflows: chains, groups and chords with Celery's vocabulary and wire."""
