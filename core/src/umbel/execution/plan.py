"""What is the same for every run of a task, decided once."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any

from attrs import frozen

from umbel.contracts.pool import Pool


@frozen
class TaskPlan:
    """The options of a task with the settings behind them, as a worker needs them."""

    name: str
    task: Any
    acks_late: bool
    ignore_result: bool
    store_errors: bool
    track_started: bool
    time_limit: float | None
    soft_time_limit: float | None
    acks_on_failure: bool
    acks_on_timeout: bool
    reject_on_worker_lost: bool
    retry_on_worker_lost: bool = False
    is_async: bool = False

    @classmethod
    def of(cls, task: Any) -> TaskPlan:
        """Read the options of `task`."""
        either = task.acks_on_failure_or_timeout
        either = True if either is None else bool(either)
        return cls(
            name=task.name,
            task=task,
            acks_late=bool(task.acks_late),
            ignore_result=bool(task.ignore_result),
            store_errors=bool(task.store_errors_even_if_ignored),
            track_started=bool(task.track_started),
            time_limit=task.time_limit,
            soft_time_limit=task.soft_time_limit,
            acks_on_failure=either if task.acks_on_failure is None else bool(task.acks_on_failure),
            acks_on_timeout=either if task.acks_on_timeout is None else bool(task.acks_on_timeout),
            reject_on_worker_lost=bool(task.reject_on_worker_lost),
            retry_on_worker_lost=bool(task.retry_on_worker_lost),
            is_async=iscoroutinefunction(task.run),
        )

    def features_of(self, pool: Pool) -> frozenset[str]:
        """What `pool` can do for this task."""
        return pool.features | pool.async_features if self.is_async else pool.features
