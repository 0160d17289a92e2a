"""What a worker is told: its arguments over the settings."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence, Set
from typing import Any

from attrs import evolve, frozen

from umbel.app.naming import node_name
from umbel.contracts.pool import Pool, PoolSettings
from umbel.exceptions import ImproperlyConfigured
from umbel.execution.plan import TaskPlan
from umbel.settings.inert import ineffective

_log = logging.getLogger("umbel.worker")


@frozen
class Options:
    """Decided once, when the worker is made."""

    hostname: str
    queues: tuple[str, ...]
    concurrency: int
    #: Messages held for each job that can run at once; 0: as many as there are.
    multiplier: int
    ahead_s: float


def cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def decide(
    conf: Any,
    hostname: str | None,
    queues: Sequence[str] | None,
    exclude: Sequence[str],
    concurrency: int | None,
    multiplier: int | None,
) -> Options:
    """Raises `ImproperlyConfigured` for what cannot be."""
    concurrency = concurrency or conf.worker_concurrency or cpus()
    if concurrency < 1:
        raise ImproperlyConfigured(f"concurrency must be at least 1, found {concurrency}")
    multiplier = conf.worker_prefetch_multiplier if multiplier is None else multiplier
    ahead_s = conf.worker_prefetch_ahead_s
    if conf.worker_disable_prefetch:
        multiplier, ahead_s = 1, 0.0
    name, places = node_name(hostname), _queues(conf, queues, exclude)
    if conf.worker_direct:
        places = (*places, f"{name}.dq2")
    return Options(name, places, concurrency, multiplier, ahead_s)


def suit(options: Options, driver: type[Pool], name: str, asked: int | None) -> Options:
    """How many jobs run at once in this pool, where somebody has `asked` for so many, or nobody for any number."""
    if "concurrent" in driver.features:
        return evolve(options, concurrency=asked or driver.default_concurrency or options.concurrency)
    if (asked or 1) > 1:  # As Celery's solo: one at a time, whatever the settings say.
        _log.warning("The pool %r runs one task at a time, whatever concurrency says", name)
    return evolve(options, concurrency=1)


def _queues(conf: Any, asked: Sequence[str] | None, exclude: Sequence[str]) -> tuple[str, ...]:
    declared = [str(getattr(queue, "name", queue)) for queue in conf.task_queues or ()]
    names = list(asked or ()) or declared or [conf.task_default_queue]
    chosen = tuple(name for name in dict.fromkeys(names) if name not in exclude)
    if "" in chosen:
        raise ImproperlyConfigured("a queue must have a name: -Q, task_queues or task_default_queue has an empty one")
    if not chosen:
        raise ImproperlyConfigured(f"no queue is left to consume from: {names} without {list(exclude)}")
    return chosen


def pool_settings(conf: Any, concurrency: int, driver: type[Pool], kept: Set[str]) -> PoolSettings:
    """The pool's part of the settings, without limits that are not among its features and that something else has
    `kept`. Raises `ImproperlyConfigured` for a way to make processes that it lacks."""
    if "processes" in driver.features and conf.worker_pool_start_method != "fork":
        raise ImproperlyConfigured(
            f"worker_pool_start_method is {conf.worker_pool_start_method!r}, and this pool knows 'fork' alone: "
            "take the setting away"
        )
    features = ("max_tasks_per_child", "max_memory_per_child")
    tasks, memory_kib = (
        conf[f"worker_{each}"] if each in driver.features or f"worker_{each}" not in kept else None for each in features
    )
    return PoolSettings(
        concurrency=concurrency,
        max_tasks_per_child=tasks,
        max_memory_per_child_kib=memory_kib,
        start_timeout_s=conf.worker_proc_alive_timeout,
    )


def warn_ineffective(conf: Any, tasks: Iterable[Any], taken: Set[str]) -> None:
    """Log what was asked for and has no effect here: settings that nobody has `taken`, and options of tasks."""
    for setting in ineffective(conf.without_defaults().keys() - taken, conf, conf.defaults):
        _log.warning("The setting %s has no effect (from %s)", setting, conf.source_of(setting))
    for task in tasks:
        if task.rate_limit and "rate_limit" not in taken:
            _log.warning("The option rate_limit of task %s has no effect: nothing installed keeps it", task.name)


def check_limits(pool: Pool, name: str, tasks: Iterable[Any]) -> None:
    """Raises `ImproperlyConfigured` for a task with a time limit that this pool cannot keep."""
    for task in tasks:
        plan = TaskPlan.of(task)
        for limit in ("time_limit", "soft_time_limit"):
            if getattr(plan, limit) is not None and limit not in plan.features_of(pool):
                cannot = "keeps for `async def` tasks only" if limit in pool.async_features else "cannot keep"
                raise ImproperlyConfigured(
                    f"task {plan.name} has a {limit} of {getattr(plan, limit)} s, which the pool {name!r} {cannot}:"
                    " choose another pool (--pool, worker_pool), or take the limit away"
                )
