"""What the pool cannot honour is refused before anything starts."""

from __future__ import annotations

from umbel.contracts.pool import PoolSettings
from umbel.exceptions import ImproperlyConfigured


def check(settings: PoolSettings) -> None:
    """Raises `ImproperlyConfigured`."""
    at_least_one = {
        "concurrency": settings.concurrency,
        "max_tasks_per_child": settings.max_tasks_per_child,
        "max_memory_per_child": settings.max_memory_per_child_kib,
    }
    for name, value in at_least_one.items():
        if value is not None and value < 1:
            raise ImproperlyConfigured(f"the pool 'prefork' was given {name} = {value!r}; it must be at least 1")
    if settings.start_timeout_s <= 0:
        raise ImproperlyConfigured(
            f"the pool 'prefork' was given a start time-out of {settings.start_timeout_s!r} s; it must be more than 0"
        )
