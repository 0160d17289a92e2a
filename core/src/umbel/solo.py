"""The pool that runs a task in place: one at a time, in the worker's main thread."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence

from umbel.contracts.pool import Pool, PoolSettings, Runner
from umbel.exceptions import ImproperlyConfigured
from umbel.model.job import Finished, Job, PoolEvent, Started
from umbel.plugin import hookimpl
from umbel.wakeup import Wakeup


class SoloPool(Pool):
    """No limits can be put on a task, and none can be terminated: there is nobody else here to do it."""

    contract_version = 1
    features = frozenset({"in_place"})

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        if settings.concurrency > 1:
            raise ImproperlyConfigured(
                f"the solo pool runs one job at a time; found a concurrency of {settings.concurrency}"
            )
        for option in ("max_tasks_per_child", "max_memory_per_child_kib"):
            if getattr(settings, option) is not None:
                raise ImproperlyConfigured(f"the solo pool has no child processes, so {option} means nothing to it")
        self._jobs: deque[Job] = deque()
        self._wakeup = Wakeup()
        self._runner: Runner | None = None
        self._head: Job | None = None
        self._pid = os.getpid()
        self._woken = False

    def start(self, runner: Runner) -> None:
        self._runner = runner

    def submit(self, jobs: Sequence[Job]) -> None:
        self._jobs.extend(jobs)
        self._wakeup.set()

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        # `Started` is given out before the job runs, so that an early acknowledgement is early. It comes along with the
        # end of the job before, unless the worker was woken: if that was to end, it need not begin another one.
        assert self._runner is not None, "events() before start()"
        if self._head is not None:
            job, self._head = self._head, None
            finished = Finished(job.key, self._runner.run(job))
            started = () if self._woken else self._begin()
            return (finished, *started)
        self._woken = False
        if not self._jobs:
            self._wakeup.wait(timeout_s)
        return self._begin()

    def _begin(self) -> Sequence[PoolEvent]:
        try:
            self._head = self._jobs.popleft()
        except IndexError:
            return ()
        return (Started(self._head.key, self._pid),)

    def wake(self) -> None:
        self._woken = True
        self._wakeup.set()

    def withdraw(self) -> Sequence[Job]:
        waiting: list[Job] = []
        while self._jobs:
            waiting.append(self._jobs.popleft())
        return waiting

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        return self.withdraw()


@hookimpl
def umbel_pool() -> type[Pool]:
    return SoloPool
