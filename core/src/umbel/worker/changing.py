"""Options of tasks that change while the worker runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from umbel.contracts.bootstep import Bootstep
from umbel.contracts.pool import Pool
from umbel.exceptions import UnsupportedError
from umbel.execution.runner import TaskRunner

#: What the pool keeps; all others are kept by boot steps.
_LIMITS = ("time_limit", "soft_time_limit")


def change_task(
    runner: TaskRunner, pool: Pool, steps: Sequence[Bootstep], name: str, options: Mapping[str, Any]
) -> None:
    """As `WorkerContext.change_task` says."""
    plan = runner.plan(name)
    for option, value in options.items():
        if option in _LIMITS:
            if value is not None and option not in plan.features_of(pool):
                raise UnsupportedError(f"the pool of this worker cannot keep a {option} for {name}")
        elif not any(option in step.keeps for step in steps):
            raise UnsupportedError(f"nothing in this worker keeps the option {option} of tasks, so it cannot change")
    for step in steps:
        for option in step.keeps.intersection(options):
            step.change(name, option, options[option])
    for option, value in options.items():
        setattr(plan.task, option, value)
    runner.renew(name)
