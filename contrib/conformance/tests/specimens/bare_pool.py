"""A small pool of threads, and pools that break the contract in one way each."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from umbel.contracts import Pool, PoolSettings, Runner
from umbel.exceptions import ImproperlyConfigured, WorkerLostError
from umbel.model import Finished, Job, PoolEvent, Started
from umbel_conformance import PoolConformance
from umbel_conformance.pool import MakePool
from umbel_conformance.proving import suites


class BarePool(Pool):
    contract_version = 1
    features = frozenset({"concurrent"})

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings)
        if settings.max_tasks_per_child or settings.max_memory_per_child_kib:
            raise ImproperlyConfigured("this pool has no child processes that could be replaced")
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: dict[int, Job] = {}
        self._events: list[PoolEvent] = []
        self._woken = False
        self._stopped = False

    def start(self, runner: Runner) -> None:
        self._runner = runner
        for _ in range(self.settings.concurrency):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                if self._stopped:
                    return
                job = self._waiting.popleft()
                self._begin(job)
            outcome = self._runner.run(job)
            with self._changed:
                if self._running.pop(job.key, None):  # Otherwise it was given up, and has an outcome.
                    self._tell(Finished(job.key, outcome))

    def _begin(self, job: Job) -> None:
        self._running[job.key] = job
        self._tell(Started(job.key, os.getpid()))

    def _tell(self, event: PoolEvent) -> None:
        self._events.append(event)
        self._changed.notify_all()

    def submit(self, jobs: Sequence[Job]) -> None:
        with self._changed:
            self._waiting.extend(jobs)
            self._changed.notify_all()

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._woken, timeout_s)
            happened, self._events, self._woken = self._events, [], False
            return happened

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        with self._changed:
            self._stopped = True
            unbegun, self._waiting = self._waiting, deque()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running, grace_s)
            for job in self._running.values():
                self._events.append(Finished(job.key, self._runner.lost(job, WorkerLostError("given up"))))
            self._running.clear()
            return list(unbegun)


class HandsBackNothing(BarePool):
    caught_by = "test_jobs_that_never_began_are_handed_back"

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        super().stop(grace_s)
        return ()


class ForgetsWhatRan(BarePool):
    caught_by = "test_when_the_grace_is_over_running_jobs_are_lost_and_the_rest_is_handed_back"

    def stop(self, grace_s: float | None) -> Sequence[Job]:
        with self._changed:
            self._running.clear()
        return super().stop(grace_s)


class SaysNotThatJobsBegin(BarePool):
    caught_by = "test_a_job_begins_and_finishes"

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        return [event for event in super().events(timeout_s) if isinstance(event, Finished)]


class TellsTwice(BarePool):
    caught_by = "test_every_job_begins_once_and_then_finishes_once"

    def events(self, timeout_s: float | None) -> Sequence[PoolEvent]:
        return [event for event in super().events(timeout_s) for _ in range(2)]


class TakesTheLastFirst(BarePool):
    caught_by = "test_jobs_begin_in_the_order_in_which_they_were_submitted"

    def submit(self, jobs: Sequence[Job]) -> None:
        super().submit(jobs[::-1])


class RunsOneAtATime(BarePool):
    caught_by = "test_jobs_really_run_at_the_same_time"

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(PoolSettings())


class RunsTooManyAtOnce(BarePool):
    caught_by = "test_no_more_jobs_run_at_once_than_the_settings_say"

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(PoolSettings(concurrency=settings.concurrency * 4))


class SleepsThroughWake(BarePool):
    caught_by = "test_wake_ends_waiting_events"

    def wake(self) -> None: ...


class BlocksWhileItRuns(BarePool):
    caught_by = "test_submit_never_blocks_however_much_there_is"

    def submit(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            super().submit([job])
            time.sleep(0.01)


class HonoursNoSettings(BarePool):
    caught_by = "test_an_undeclared_limit_of_tasks_per_child_is_refused"

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(PoolSettings(concurrency=settings.concurrency))


class ResizesWithoutSayingSo(BarePool):
    caught_by = "test_undeclared_resizing_is_refused"

    def resize(self, concurrency: int) -> None: ...


class ClaimsProcesses(BarePool):
    features = frozenset({"concurrent", "processes"})
    caught_by = "test_jobs_run_in_the_processes_that_the_pool_names"


class ClaimsToRunInPlace(BarePool):
    features = frozenset({"concurrent", "in_place"})
    caught_by = "test_in_place_a_job_runs_in_the_thread_that_hears_of_it"


class ClaimsSoftLimits(BarePool):
    features = frozenset({"concurrent", "soft_time_limit"})
    caught_by = "test_at_its_soft_limit_a_job_may_clean_up"


class ClaimsTermination(BarePool):
    features = frozenset({"concurrent", "terminate"})
    caught_by = "test_a_running_job_can_be_terminated"

    def terminate(self, key: int, signal: int) -> bool:
        return True


class WithdrawsWhatItRuns(BarePool):
    caught_by = "test_withdrawn_jobs_never_begin_and_those_that_stay_are_run"

    def withdraw(self) -> Sequence[Job]:
        with self._changed:
            return list(self._waiting)


class ClaimsThatJobsMayJoin(BarePool):
    features = frozenset({"concurrent", "join"})
    caught_by = "test_a_job_may_wait_for_what_another_one_does"

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(PoolSettings())


class DiesOfAFailure(BarePool):
    caught_by = "test_a_task_that_goes_wrong_has_failed_and_the_next_one_runs"

    def _tell(self, event: PoolEvent) -> None:
        super()._tell(event)
        if isinstance(event, Finished) and event.outcome.state == "FAILURE":
            sys.exit()


class Suite(PoolConformance):
    liar: ClassVar[type[Any]]
    patience_s = 0.5

    @pytest.fixture
    def make_pool(self) -> MakePool:
        return self.liar


globals().update(suites(globals(), Suite))
