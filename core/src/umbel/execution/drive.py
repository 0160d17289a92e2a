"""A run is a generator: it yields what has to be waited for, and whoever drives it decides how to wait."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from contextvars import copy_context
from typing import Any, TypeVar

from umbel.contracts.pool import Step

T = TypeVar("T")


def drive(run: Generator[Step, Any, T]) -> T:
    """Take every step here, in this thread; returns what the generator returns. Blocks."""
    try:
        step = next(run)
        while True:
            try:
                value = step() if callable(step) else _to_its_end(step)
            except BaseException as error:
                step = run.throw(error)
            else:
                step = run.send(value)
    except StopIteration as end:
        ended: T = end.value
        return ended


def _to_its_end(coroutine: Coroutine[Any, Any, Any]) -> Any:
    import asyncio  # noqa: PLC0415  (24 ms, for those whose tasks are coroutines)
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    # Eager mode in a coroutine: a loop cannot run within a loop, so this one stands still for as long as that runs.
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(copy_context().run, asyncio.run, coroutine).result()
