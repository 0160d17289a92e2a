"""`autoretry_for`: a task that tries again by itself when it raises one of the named exceptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from umbel.exceptions import Ignore, Retry


def backoff_s(factor: int, retries: int, maximum: float, jitter: bool) -> int:
    """Seconds before the next try: `factor * 2 ** retries` up to `maximum`; with jitter anything from 0 up to that."""
    import random  # noqa: PLC0415  (2 ms, for those whose task has failed)

    countdown = min(maximum, factor * 2**retries)
    return int(random.randrange(int(countdown) + 1) if jitter else countdown)


def wrap(task: Any, run: Callable[..., Any], options: Mapping[str, Any]) -> Callable[..., Any]:
    """`run` with the options of autoretry around it; `run` itself where there are none."""

    def option(name: str, default: Any) -> Any:
        return options.get(name, getattr(task, name, default))

    retry_for = tuple(option("autoretry_for", ()))
    never = (Ignore, Retry, *option("dont_autoretry_for", ()))
    factor = option("retry_backoff", False)
    maximum, jitter = option("retry_backoff_max", 600), option("retry_jitter", True)
    retry_kwargs = dict(option("retry_kwargs", {}))
    if not retry_for:
        return run

    def again() -> dict[str, Any]:
        if not factor:
            return retry_kwargs
        countdown = backoff_s(int(max(1, factor)), task.request.retries, maximum, jitter)
        return {**retry_kwargs, "countdown": countdown}

    @wraps(run)
    def trying(*args: Any, **kwargs: Any) -> Any:
        try:
            return run(*args, **kwargs)
        except never:
            raise
        except retry_for as error:
            raise task.retry(exc=error, **again()) from error

    @wraps(run)
    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        try:
            return await run(*args, **kwargs)
        except never:
            raise
        except retry_for as error:
            raise await task.aretry(exc=error, **again()) from error

    return awaiting if iscoroutinefunction(run) else trying
