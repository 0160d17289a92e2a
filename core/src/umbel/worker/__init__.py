"""The worker. A task's way through it, a module a stage: reserve → admit → execute → record → settle."""

from umbel.worker.worker import Worker

__all__ = ["Worker"]
