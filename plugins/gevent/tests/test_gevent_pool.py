from __future__ import annotations

import resource
import signal
import time
from typing import Any

import pytest

from umbel.exceptions import WorkerTerminate
from umbel_conformance.pool import MakePool
from umbel_conformance.pool.greenlets import SHORT_S, Greenlets, Start, begun, job, outcomes, sleep_for_ever
from umbel_gevent import files, interrupts, work
from umbel_gevent.pool import GeventPool


class TestGeventGreenlets(Greenlets):
    pool = "gevent"

    @pytest.fixture
    def make_pool(self) -> MakePool:
        return GeventPool

    def test_a_job_that_swallows_its_end_is_killed_again_and_again(
        self, start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(work, "INSIST_S", 0.02)
        ends: list[type[BaseException]] = []

        def stubborn() -> None:
            while len(ends) < 3:
                try:
                    sleep_for_ever()
                except BaseException as error:
                    ends.append(type(error))

        pool = start(1, stubborn=stubborn, good=lambda: "here")
        pool.submit([job(1, "stubborn", time_limit=SHORT_S), job(2, "good")])
        found = outcomes(pool, 2)
        assert found[1].summary == f"TimeLimitExceeded({SHORT_S})"
        assert found[2].summary == "'here'", "the slot is free"
        pool.stop(None)
        assert ends == [work.Killed] * 3
        assert "it is killed wherever it waits" in caplog.text

    def test_a_signal_comes_through_while_a_job_does_not_wait(
        self, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(interrupts, "PAUSE_S", 30.0)
        heard: list[int] = []

        def enough(number: int, frame: Any) -> None:
            time.sleep(0)  # it may wait, too
            heard.append(number)
            raise WorkerTerminate(1)

        def hog() -> None:
            while not heard:
                pass

        pool = start(1, hog=hog)
        before = signal.signal(signal.SIGALRM, enough)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            pool.submit([job(1, "hog")])
            begun(pool)
            with pytest.raises(WorkerTerminate):
                pool.events(30)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert heard == [signal.SIGALRM]
        pool.stop(0)
        assert outcomes(pool, 1)[1].lost

    def test_the_worker_may_open_as_many_files_as_its_jobs_need(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(500, soft), hard))
            files.make_room(1000)
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(3100, hard)
            files.make_room(1)
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(3100, hard)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
