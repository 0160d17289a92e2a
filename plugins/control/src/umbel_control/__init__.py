"""Remote control of workers, on Celery's wire; and revocation."""
