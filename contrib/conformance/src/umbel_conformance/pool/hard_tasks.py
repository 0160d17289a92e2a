"""An app with the tasks that everybody writes one day and nobody means to."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from umbel import Umbel
from umbel.exceptions import SoftTimeLimitExceeded
from umbel.execution.runner import TaskRunner
from umbel.model import Job, Message, Outcome
from umbel_conformance.worker import BareTransport


class UnpicklableError(Exception):
    """Its argument cannot be taken to another process."""

    def __init__(self) -> None:
        super().__init__(threading.Lock())


class UnspeakableError(Exception):
    """Cannot be shown."""

    def __repr__(self) -> str:
        raise ValueError("no")

    __str__ = __repr__


class Unreadable:
    """Neither JSON nor pickle takes it, and it cannot be shown."""

    __repr__ = UnspeakableError.__repr__

    def __reduce__(self) -> Any:
        raise ValueError("no")


def fine() -> str:
    return "fine"


def raises() -> None:
    raise ValueError("wrong")


def raises_what_cannot_be_pickled() -> None:
    raise UnpicklableError


def raises_what_cannot_be_shown() -> None:
    raise UnspeakableError


def raises_a_class_of_its_own() -> None:
    class HiddenError(Exception): ...

    raise HiddenError(Unreadable())


def returns_what_cannot_be_encoded() -> Any:
    return Unreadable()


def returns_a_circle() -> Any:
    circle: list[Any] = []
    circle.append(circle)
    return circle


def exits() -> None:
    sys.exit("goodbye")


def interrupts_itself() -> None:
    raise KeyboardInterrupt


def ends_a_generator() -> None:
    raise GeneratorExit


def recurses() -> None:
    recurses()


def nests() -> None:
    nested: Any = None
    for _ in range(200_000):
        nested = [nested]
    try:
        json.dumps(nested)
    finally:
        while nested:  # taken apart from the outside: to drop it at once would be a recursion in C
            nested = nested[0]


def takes_more_memory_than_there_is() -> None:
    bytearray(2**62)


def leaves_at_once() -> None:
    os._exit(0)


def kills_its_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def swallows_its_soft_limit() -> None:
    while True:
        try:
            time.sleep(3600)
        except SoftTimeLimitExceeded:
            continue


def blocks_in_c() -> None:
    """With the lock of the interpreter in its hands, so that not even a signal handler runs."""
    ctypes.PyDLL(None).usleep(600_000_000)


TASKS = (
    fine,
    raises,
    raises_what_cannot_be_pickled,
    raises_what_cannot_be_shown,
    raises_a_class_of_its_own,
    returns_what_cannot_be_encoded,
    returns_a_circle,
    exits,
    interrupts_itself,
    ends_a_generator,
    recurses,
    nests,
    takes_more_memory_than_there_is,
    leaves_at_once,
    kills_its_process,
    swallows_its_soft_limit,
    blocks_in_c,
)


async def _swallows_its_soft_limit() -> None:
    while True:
        try:
            await asyncio.sleep(3600)
        except SoftTimeLimitExceeded:
            continue


def _as_coroutine(function: Callable[[], Any]) -> Callable[[], Any]:
    if function is swallows_its_soft_limit:
        return _swallows_its_soft_limit

    @wraps(function)
    async def run() -> Any:
        return function()

    return run


@contextmanager
def hard_app(coroutines: bool) -> Iterator[Umbel]:
    """The app; with `coroutines` its tasks are `async def`."""
    app = Umbel("hard", broker="bare://here", set_as_current=False)
    app.catalogue.register("transport", "bare", BareTransport)
    for function in TASKS:
        app.task(name=function.__name__)(_as_coroutine(function) if coroutines else function)
    yield app
    app.close()


def runner_of(app: Umbel) -> TaskRunner:
    """What the kernel would give to a pool."""
    return TaskRunner(app, "celery@conformance")


def hard_job(key: int, function: Callable[[], Any], **limits: float) -> Job:
    """A message of Celery's that calls the task."""
    name, task_id = function.__name__, f"id-{key}"
    headers = {"task": name, "id": task_id, "root_id": task_id, "retries": 0}
    message = Message("q", b"[[], {}, {}]", headers, content_type="application/json", content_encoding="utf-8")
    return Job(key, name, task_id, message, **limits)


def recorded(outcome: Outcome) -> tuple[str, Any]:
    """State, and the result or what kind of error it is, as they would be stored."""
    assert outcome.payload is not None, outcome
    record = json.loads(outcome.payload)
    assert record["status"] == outcome.state
    result = record["result"]
    return outcome.state, result["exc_type"] if isinstance(result, dict) else result
