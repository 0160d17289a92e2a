"""The app API, with Celery's names."""
