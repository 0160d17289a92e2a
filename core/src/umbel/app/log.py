"""Loggers for tasks, with Celery's names. How logging is set up is the business of whoever starts the worker."""

from __future__ import annotations

import logging

from umbel.execution.context import running


def get_task_logger(name: str) -> logging.Logger:
    """A logger for the tasks of a module: below `umbel.task`, whose formatter knows the task that runs."""
    logger = logging.getLogger(name)
    if logger.parent is logging.root:
        logger.parent = logging.getLogger("umbel.task")
    return logger


class TaskFormatter(logging.Formatter):
    """Gives each record the `task_name` and `task_id` of the task that runs here, or `???`."""

    def format(self, record: logging.LogRecord) -> str:
        frame = running()
        if frame is not None:
            record.__dict__.update(task_id=frame.request.id, task_name=frame.task.name)
        else:
            record.__dict__.setdefault("task_name", "???")
            record.__dict__.setdefault("task_id", "???")
        return super().format(record)
