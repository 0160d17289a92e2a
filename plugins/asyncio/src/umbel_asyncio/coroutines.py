"""Jobs whose tasks are `async def`: each is a strand on the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any

from umbel import clock
from umbel.contracts.pool import Runner
from umbel.model.job import Finished, Job
from umbel_asyncio.line import Happening, Limited, Line, Lost
from umbel_asyncio.loop import LoopThread
from umbel_asyncio.strand import Strand
from umbel_asyncio.threads import Threads

#: Seconds that a coroutine is given to clean up when it was cancelled.
CLEANUP_S = 2.0
#: For the broker's round trips around a task: successors, errbacks.
_ASIDE_THREADS = 4

_log = logging.getLogger("umbel.worker")


class Coroutines:
    """What begins with an underscore runs on the loop; the rest may be called by any thread."""

    def __init__(self, happened: SimpleQueue[Happening], size: int, runner: Runner) -> None:
        self.line = Line(happened, size)
        self._happened = happened
        self._runner = runner
        self._threads = Threads("umbel-aside", _ASIDE_THREADS)
        self._thread = LoopThread()
        self._strands: dict[int, tuple[Strand, asyncio.Task[Finished | Lost]]] = {}

    def start(self) -> None:
        self._thread.start()

    def pull(self) -> None:
        """There may be something to begin."""
        self._thread.call(self._pull)

    def interrupt(self, job: Job) -> None:
        """Its soft time limit is over."""
        self._thread.call(self._interrupt, job)

    def give_up(self, job: Job, error: BaseException) -> bool:
        """It has ended with `error`, and is cancelled; False if it does not run."""
        if not self.line.end(job.key, Lost(job, error)):
            return False
        self._thread.call(self._cut_off, job)
        return True

    def close(self) -> None:
        """What still cleans up may end, within `CLEANUP_S`; blocks for a little longer at most."""
        self._thread.close(self._end(), CLEANUP_S + 1.0)
        self._threads.close()

    def _pull(self) -> None:
        while (job := self.line.take()) is not None:
            if job.time_limit is not None or job.soft_time_limit is not None:
                self._happened.put(Limited(job, clock.monotonic()))
            strand = Strand(self._runner.steps(job), self._aside)
            task = self._thread.loop.create_task(self._run(job, strand))
            self._strands[job.key] = strand, task
            task.add_done_callback(partial(self._ended, job))

    async def _run(self, job: Job, strand: Strand) -> Finished | Lost:
        try:
            return Finished(job.key, await strand.run())
        except BaseException as error:  # asyncio would let some of them through to the loop
            return Lost(job, error)

    def _ended(self, job: Job, task: asyncio.Task[Finished | Lost]) -> None:
        self._strands.pop(job.key, None)
        self.line.end(job.key, Lost(job, asyncio.CancelledError()) if task.cancelled() else task.result())
        self._pull()

    def _interrupt(self, job: Job) -> None:
        if job.key in self._strands:
            assert job.soft_time_limit is not None
            self._strands[job.key][0].interrupt(job.soft_time_limit)

    def _cut_off(self, job: Job) -> None:
        if job.key in self._strands:
            self._strands[job.key][0].cut_off()
            self._thread.loop.call_later(CLEANUP_S, self._let_go, job)
        self._pull()  # it occupies its place no more

    def _let_go(self, job: Job) -> None:
        if job.key in self._strands:
            _log.warning(
                "Task %s[%s] was cancelled, and has not ended within %s s: it is not continued",
                job.task, job.task_id, CLEANUP_S,
            )  # fmt: skip
            self._strands[job.key][0].let_go()

    def _aside(self, function: Callable[[], Any]) -> Awaitable[Any]:
        future: Future[Any] = Future()
        context = copy_context()

        def call() -> None:
            try:
                future.set_result(context.run(function))
            except BaseException as error:
                future.set_exception(error)

        self._threads.call(call)
        return asyncio.wrap_future(future)

    async def _end(self) -> None:
        mine = [task for _, task in self._strands.values()]
        others = asyncio.all_tasks() - {*mine, asyncio.current_task()}
        for task in others:  # started by jobs, and left behind
            task.cancel()
        if mine or others:
            await asyncio.wait([*mine, *others], timeout=CLEANUP_S)
        for strand, _ in list(self._strands.values()):
            strand.let_go()
        if self._strands:
            await asyncio.wait([task for _, task in self._strands.values()], timeout=CLEANUP_S / 4)
