"""The pool: a greenlet for each job that runs, all in the worker's main thread."""

from __future__ import annotations

import logging
import os
import signal as system_signals
from collections import deque
from collections.abc import Sequence

from eventlet import hubs

from umbel import clock, signals
from umbel.contracts.pool import Pool, PoolSettings, Runner
from umbel.exceptions import ImproperlyConfigured, PermanentError, Terminated, TimeLimitExceeded
from umbel.model.job import Finished, Job, PoolEvent, Started
from umbel_eventlet import files, patching
from umbel_eventlet.bell import Bell
from umbel_eventlet.work import Work

#: Seconds that greenlets are given to clean up when the pool was stopped cold.
CLEANUP_S = 2.0

_log = logging.getLogger("umbel.worker")


class EventletPool(Pool):
    """Runs jobs in greenlets of the worker's own process, whose standard library is patched before all else.

    The worker's threads are greenlets too, so that everything here happens in one thread: nothing needs a lock, and
    nothing changes but where something waits. What never waits stops everything, the limits of the others included.
    """

    contract_version = 1
    features = frozenset({"concurrent", "join", "resize", "soft_time_limit", "terminate", "time_limit"})
    default_concurrency = 100
    prepare = staticmethod(patching.patch)

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        _check(settings)
        patching.complete()
        self._size = settings.concurrency
        self._waiting: deque[Job] = deque()
        self._running: dict[int, Work] = {}
        self._cut_off: set[Work] = set()
        self._happened: list[PoolEvent | tuple[Job, BaseException]] = []
        self._news, self._idle = Bell(), Bell()
        self._closed = self._is_over = False
        self._back: list[Job] = []

    def start(self, runner: Runner) -> None:
        files.make_room(self._size)
        self._runner = runner
        signals.eventlet_pool_started.send(self)

    def submit(self, jobs: Sequence[Job]) -> None:
        if self._closed:
            raise PermanentError("the eventlet pool has stopped, and takes no more jobs")
        self._waiting.extend(jobs)
        self._begin()

    def _begin(self) -> None:
        while self._waiting and len(self._running) < self._size:
            job = self._waiting.popleft()
            self._running[job.key] = work = Work(job, self._runner, self._ended)
            self._happened.append(Started(job.key, os.getpid()))
            if job.time_limit is not None:
                error = TimeLimitExceeded(job.time_limit)
                work.timer = hubs.get_hub().schedule_call_global(job.time_limit, self._give_up, job.key, error)
            signals.eventlet_pool_apply.send(self, target=self._runner.run, args=(job,), kwargs={})
            work.start()
        self._news.ring()

    def _ended(self, job: Job, end: Finished | BaseException) -> None:
        del self._running[job.key]
        self._happened.append(end if isinstance(end, Finished) else (job, end))
        self._make_room()

    def _give_up(self, key: int, error: BaseException) -> bool:
        """It has ended with `error`, and is killed; False if it does not run."""
        work = self._running.pop(key, None)
        if work is None:
            return False
        self._happened.append((work.job, error))
        self._cut_off.add(work)
        work.link(self._leave)
        work.cut_off(_warn)
        self._make_room()
        return True

    def _leave(self, work: Work) -> None:
        self._cut_off.discard(work)
        self._idle.ring()

    def _make_room(self) -> None:
        self._begin()
        if not self._running:
            self._idle.ring()

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        self._news.wait(timeout_s)
        happened, self._happened = self._happened, []
        return [self._tell(each) if isinstance(each, tuple) else each for each in happened]

    def _tell(self, lost: tuple[Job, BaseException]) -> PoolEvent:
        job, error = lost
        return Finished(job.key, self._runner.lost(job, error))

    def wake(self) -> None:
        self._news.ring()

    def withdraw(self) -> Sequence[Job]:
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        """See `Pool.stop`. Greenlets that are killed may clean up before this returns, for a short time."""
        until = None if grace_s is None else clock.monotonic() + grace_s
        if not self._closed:
            signals.eventlet_pool_preshutdown.send(self)
        self._closed = True
        # Kept, in case a signal handler ends this call with an exception, and calls `stop` again.
        self._back += self.withdraw()
        while self._running:
            left_s = None if until is None else max(0.0, until - clock.monotonic())
            if left_s == 0.0:
                for key in list(self._running):
                    self._give_up(key, Terminated("the worker was stopped before the task had ended"))
            else:
                self._idle.wait(left_s)
        until = clock.monotonic() + CLEANUP_S
        while self._cut_off and (left_s := until - clock.monotonic()) > 0:
            self._idle.wait(left_s)
        if not self._is_over:
            self._is_over = True
            signals.eventlet_pool_postshutdown.send(self)
        back, self._back = self._back, []
        return back

    def terminate(self, key: int, signal: int) -> bool:
        """Kill the greenlet that runs the job, whatever the signal is."""
        return self._give_up(key, Terminated(system_signals.Signals(signal).name))

    def resize(self, concurrency: int) -> None:
        _check(PoolSettings(concurrency=concurrency))
        files.make_room(concurrency)
        self._size = concurrency
        self._begin()


def _warn(job: Job) -> None:
    _log.warning("Task %s[%s] was killed, and goes on: it is killed wherever it waits", job.task, job.task_id)


def _check(settings: PoolSettings) -> None:
    if not patching.is_patched():
        raise ImproperlyConfigured(
            "the pool 'eventlet' needs a standard library that waits in greenlets from the first import on, and this "
            "one does not: choose the pool with --pool eventlet or UMBEL_WORKER_POOL, or begin your program with "
            "`import eventlet; eventlet.monkey_patch()`"
        )
    if settings.concurrency < 1:
        raise ImproperlyConfigured(
            f"the pool 'eventlet' was given concurrency = {settings.concurrency!r}; it must be at least 1"
        )
    for name, value in {
        "max_tasks_per_child": settings.max_tasks_per_child,
        "max_memory_per_child": settings.max_memory_per_child_kib,
    }.items():
        if value is not None:
            raise ImproperlyConfigured(
                f"the pool 'eventlet' was given {name} = {value!r}, but has no process that it could replace: "
                "leave it out, or use the pool 'prefork'"
            )
