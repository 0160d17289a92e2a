"""Sends one task for each file and times the way from the call to the result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

from attrs import Factory, define

from umbel_demo import tasks
from umbel_demo.work import Digest, digest

#: Seconds until a message or a result of ours may be thrown away, should the demo be killed on a broker of yours.
LIFETIME_S = 3600.0
_LOOK_S = 0.2


@define
class Run:
    """What came back, by file, and what it took."""

    digests: dict[str, Digest] = Factory(dict)
    #: Seconds from each call to its result.
    latencies: list[float] = Factory(list)
    seconds: float = 0.0
    failures: dict[str, str] = Factory(dict)


def through_the_queue(
    files: Sequence[str], under_way: int, queue: str, check: Callable[[], None], progress: Callable[[], None]
) -> Run:
    """Run every task, at most `under_way` at once.

    `check` raises when no answer will come any more; `progress` is called for each answer.
    """
    return asyncio.run(_all(files, under_way, queue, check, progress))


async def _all(
    files: Sequence[str], under_way: int, queue: str, check: Callable[[], None], progress: Callable[[], None]
) -> Run:
    asyncio.get_running_loop().set_exception_handler(_complain)
    run, waiting = Run(), iter(files)
    watch = asyncio.create_task(_watch(check))
    # The worker is up when it has done its first task: this one is not counted.
    await _unless(watch, _one(files[0], queue))
    started = time.perf_counter()
    await _unless(watch, _together([_some(waiting, queue, run, progress) for _ in range(under_way)]))
    run.seconds = time.perf_counter() - started
    watch.cancel()
    return run


def _complain(loop: asyncio.AbstractEventLoop, about: dict[str, Any]) -> None:
    """A signal that ends the demo is no error of the coroutine which ran when it came."""
    if not isinstance(about.get("exception"), SystemExit):
        loop.default_exception_handler(about)


async def _some(waiting: Iterator[str], queue: str, run: Run, progress: Callable[[], None]) -> None:
    """One task after the other, until there is no file left."""
    for path in waiting:
        started = time.perf_counter()
        try:
            run.digests[path] = await _one(path, queue)
        except Exception as error:
            run.failures[path] = f"{type(error).__name__}: {error}"
        run.latencies.append(time.perf_counter() - started)
        progress()


async def _one(path: str, queue: str) -> Digest:
    result = await tasks.digest.aapply_async((path,), queue=queue, expires=LIFETIME_S)
    return await result


async def _watch(check: Callable[[], None]) -> None:
    while True:
        check()
        await asyncio.sleep(_LOOK_S)


async def _together(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*work)


async def _unless(watch: asyncio.Task[None], work: Coroutine[Any, Any, Any]) -> None:
    """Wait for `work`, unless the watch raises first."""
    task = asyncio.create_task(work)
    await asyncio.wait([task, watch], return_when=asyncio.FIRST_COMPLETED)
    if watch.done():
        watch.result()
    task.result()


def serially(files: Sequence[str], progress: Callable[[], None]) -> Run:
    """The same work, in this process, one file after the other."""
    run, started = Run(), time.perf_counter()
    for path in files:
        try:
            run.digests[path] = digest(path)
        except OSError as error:
            run.failures[path] = f"{type(error).__name__}: {error}"
        progress()
    run.seconds = time.perf_counter() - started
    return run


def differences(queued: Run, serial: Run) -> list[str]:
    """The files whose results differ, or that only one of the runs could do."""
    paths = {**serial.digests, **serial.failures, **queued.digests, **queued.failures}
    return [path for path in paths if queued.digests.get(path) != serial.digests.get(path)]
