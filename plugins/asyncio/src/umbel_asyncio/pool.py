"""The pool, as the kernel sees it: coroutines on a loop, functions in threads, and what happens in one queue."""

from __future__ import annotations

import signal as signals
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from umbel import clock
from umbel.contracts.pool import Pool, PoolSettings, Runner
from umbel.exceptions import (
    ImproperlyConfigured,
    PermanentError,
    Terminated,
    TimeLimitExceeded,
    UnsupportedError,
)
from umbel.model.job import Finished, Job, PoolEvent
from umbel_asyncio.coroutines import Coroutines
from umbel_asyncio.deadlines import Deadlines
from umbel_asyncio.functions import Functions
from umbel_asyncio.line import Happening, Limited, Lost, Wake

_STOPPED = "the worker was stopped before the task had ended"


class AsyncioPool(Pool):
    """Runs `async def` tasks on one event loop, in a thread of the worker's own process, and others in a few threads.

    Time limits are kept by the thread that calls `events`, so they are told on time even while a coroutine blocks the
    loop. What is cut off is cancelled, and then let go of; a thread can only be left behind.
    """

    contract_version = 1
    features = frozenset({"concurrent", "resize"})
    async_features = frozenset({"soft_time_limit", "terminate", "time_limit"})
    default_concurrency = 1000

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        _check(settings)
        self._happened: SimpleQueue[Happening] = SimpleQueue()
        self._untold: list[PoolEvent] = []
        self._woken = False
        self._back: list[Job] = []
        self._started = self._closed = False

    def start(self, runner: Runner) -> None:
        self._runner = runner
        size = self.settings.concurrency
        self._coroutines = Coroutines(self._happened, size, runner)
        self._functions = Functions(self._happened, size, runner)
        self._lines = (self._coroutines.line, self._functions.line)
        self._deadlines = Deadlines(self._coroutines.line)
        self._coroutines.start()
        self._started = True

    def submit(self, jobs: Sequence[Job]) -> None:
        coroutines = [job for job in jobs if self._runner.is_async(job)]
        functions = [job for job in jobs if not self._runner.is_async(job)] if len(coroutines) < len(jobs) else []
        if not (self._coroutines.line.join(coroutines) and self._functions.line.join(functions)):
            raise PermanentError("the asyncio pool has stopped, and takes no more jobs")
        if coroutines:
            self._coroutines.pull()
        self._functions.pull(len(functions))

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        until = None if timeout_s is None else clock.monotonic() + timeout_s
        if self._untold:  # what `stop` has heard
            until = clock.monotonic()
        while not (self._turn(until) or self._woken):
            if until is not None and clock.monotonic() >= until:
                break
        self._woken = False
        told, self._untold = self._untold, []
        return told

    def _turn(self, until: float | None) -> bool:
        """Hear what has happened, waiting for it until then, but no longer than to the next deadline. Whether there is
        something to tell."""
        now = clock.monotonic()
        wait_s = None if until is None else max(0.0, until - now)
        wait_s = self._deadlines.within(wait_s, now) if self._started else 0.0
        try:
            self._hear(self._happened.get(timeout=wait_s) if wait_s != 0 else self._happened.get_nowait())
            for _ in range(self._happened.qsize()):
                self._hear(self._happened.get_nowait())
        except Empty:
            pass
        if self._started:
            self._strike()
        return bool(self._untold)

    def _hear(self, happening: Happening) -> None:
        if isinstance(happening, Wake):
            self._woken = True
        elif isinstance(happening, Limited):
            self._deadlines.add(happening)
        elif isinstance(happening, Lost):
            job, error = happening
            self._untold.append(Finished(job.key, self._runner.lost(job, error)))
        else:
            self._untold.append(happening)

    def _strike(self) -> None:
        for job, is_hard in self._deadlines.over(clock.monotonic()):
            if is_hard:
                self._coroutines.give_up(job, TimeLimitExceeded(job.time_limit))
            else:
                self._coroutines.interrupt(job)

    def wake(self) -> None:
        self._happened.put(Wake())

    def withdraw(self) -> list[Job]:
        return [job for line in self._lines for job in line.withdraw()] if self._started else []

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        """See `Pool.stop`. Coroutines that are cut off may clean up before this returns, for a short time."""
        if not self._started:
            return ()
        until = None if grace_s is None else clock.monotonic() + grace_s
        # Kept, in case a signal handler ends this call with an exception, and calls `stop` again.
        for line in self._lines:
            self._back += line.withdraw(close=True)
        while any(line.running() for line in self._lines):
            if until is not None and clock.monotonic() >= until:
                self._give_up_all()
                break
            self._turn(until)
        if not self._closed:
            self._closed = True
            self._functions.close()
            self._coroutines.close()
        back, self._back = self._back, []
        return back

    def _give_up_all(self) -> None:
        for job in self._coroutines.line.running():
            self._coroutines.give_up(job, Terminated(_STOPPED))
        for job in self._functions.line.running():
            self._functions.line.end(job.key, Lost(job, Terminated(_STOPPED)))

    def terminate(self, key: int, signal: int) -> bool:
        """Cancel a coroutine, whatever the signal is. Raises `UnsupportedError` for a function in a thread."""
        if self._functions.line.find(key) is not None:
            raise UnsupportedError("the pool 'asyncio' can terminate `async def` tasks only: a thread cannot be killed")
        job = self._coroutines.line.find(key)
        return job is not None and self._coroutines.give_up(job, Terminated(signals.Signals(signal).name))

    def resize(self, concurrency: int) -> None:
        _check(PoolSettings(concurrency=concurrency))
        self._coroutines.line.resize(concurrency)
        self._coroutines.pull()
        self._functions.resize(concurrency)


def _check(settings: PoolSettings) -> None:
    if settings.concurrency < 1:
        raise ImproperlyConfigured(
            f"the pool 'asyncio' was given concurrency = {settings.concurrency!r}; it must be at least 1"
        )
    for name, value in {
        "max_tasks_per_child": settings.max_tasks_per_child,
        "max_memory_per_child": settings.max_memory_per_child_kib,
    }.items():
        if value is not None:
            raise ImproperlyConfigured(
                f"the pool 'asyncio' was given {name} = {value!r}, but has no process that it could replace: "
                "leave it out, or use the pool 'prefork'"
            )
