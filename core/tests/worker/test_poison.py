"""A message that came back from dead workers: the broker hears that it begins, and after some deaths it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import Umbel
from umbel.exceptions import PermanentError, TemporaryError, WorkerLostError


def test_a_message_under_which_too_many_processes_died_is_not_run_but_kept(app: Umbel, run_worker: Any) -> None:
    ran: list[int] = []

    @app.task(acks_late=True)
    def kill(n: int) -> None:
        ran.append(n)

    transport: Any = app.transport
    transport.lost = 3
    result = kill.delay(1)
    run_worker(app)

    with pytest.raises(WorkerLostError, match=r"died 3 times \(worker_lost_limit is 3\).*umbel dead retry"):
        result.get(timeout=10)
    with transport.changed:
        assert transport.changed.wait_for(lambda: transport.settled, 10)
    (letter,) = transport.admin().dead("celery")
    assert "died 3 times" in letter.reason
    assert (ran, transport.begun_so_far) == ([], [])


@pytest.mark.parametrize(("lost", "limit"), [(2, 3), (3, 4), (1000, 0)])
def test_one_that_came_back_less_often_runs(app: Umbel, run_worker: Any, lost: int, limit: int) -> None:
    @app.task(acks_late=True)
    def add(x: int) -> int:
        return x

    app.conf.worker_lost_limit = limit
    app.transport.lost = lost  # type: ignore[attr-defined]
    run_worker(app)
    assert add.delay(1).get(timeout=10) == 1


@pytest.mark.parametrize("acks_late", [True, False])
def test_the_broker_hears_of_a_suspect_before_it_runs(app: Umbel, run_worker: Any, acks_late: bool) -> None:
    transport: Any = app.transport

    @app.task(acks_late=acks_late)
    def look() -> list[str]:
        return [delivery.message.headers["id"] for delivery in transport.begun_so_far]

    transport.lost = 1
    run_worker(app)
    result = look.delay()
    assert result.get(timeout=10) == [result.id]


def test_it_does_not_hear_of_others(app: Umbel, run_worker: Any) -> None:
    @app.task(acks_late=True)
    def add(x: int) -> int:
        return x

    run_worker(app)
    assert add.delay(1).get(timeout=10) == 1
    assert app.transport.begun_so_far == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [TemporaryError("away"), PermanentError("no")])
def test_a_suspect_runs_even_if_the_broker_cannot_be_told(
    app: Umbel, run_worker: Any, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    @app.task(acks_late=True)
    def add(x: int) -> int:
        return x

    transport: Any = app.transport
    transport.lost, transport.error_of_begun = 1, error
    run_worker(app)
    assert add.delay(1).get(timeout=10) == 1
    assert f"is not counted: {error}" in caplog.text
