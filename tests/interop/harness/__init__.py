"""What the tests across the border need: real servers, real Celery, real clients of other languages."""
