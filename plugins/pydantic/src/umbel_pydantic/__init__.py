"""Arguments and results of tasks that are pydantic models."""
