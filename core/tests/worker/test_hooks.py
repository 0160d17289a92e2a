"""Observers hear what happens on a task's way; their errors disturb nobody."""

from __future__ import annotations

from typing import Any

import pytest

from umbel import Umbel, hookimpl


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    @hookimpl
    def umbel_worker_ready(self, hostname: str) -> None:
        self.heard.append(("ready", hostname))

    @hookimpl
    def umbel_message_published(self, message: Any) -> None:
        self.heard.append(("published", message.headers["id"]))

    @hookimpl
    def umbel_task_received(self, delivery: Any) -> None:
        self.heard.append(("received", delivery.message.headers["id"]))

    @hookimpl
    def umbel_task_started(self, job: Any, pid: int) -> None:
        self.heard.append(("started", job.task_id))

    @hookimpl
    def umbel_task_finished(self, job: Any, outcome: Any) -> None:
        self.heard.append(("finished", (job.task_id, outcome.state)))

    @hookimpl
    def umbel_worker_stopped(self, hostname: str) -> None:
        self.heard.append(("stopped", hostname))


def test_an_observer_hears_everything_in_order(app: Umbel, run_worker: Any) -> None:
    listener = Listener()
    app.catalogue.register("hook", "listener", listener)

    @app.task
    def work() -> None: ...

    worker = run_worker(app)
    result = work.delay()
    result.get(timeout=10)
    worker.stop()
    worker.thread.join(10)

    assert set(listener.heard[:3]) <= {
        ("ready", worker.hostname),
        ("published", result.id),
        ("received", result.id),
    }, "these three come from three threads, in any order"
    assert listener.heard[3:] == [
        ("started", result.id),
        ("finished", (result.id, "SUCCESS")),
        ("stopped", worker.hostname),
    ]


def test_an_observer_that_raises_disturbs_nobody_and_is_named(
    app: Umbel, run_worker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Clumsy:
        @hookimpl
        def umbel_task_started(self, job: Any, pid: int) -> None:
            raise RuntimeError("oh")

    app.catalogue.register("hook", "clumsy", Clumsy())

    @app.task
    def work() -> int:
        return 3

    worker = run_worker(app)
    assert work.delay().get(timeout=10) == 3
    worker.stop()
    worker.thread.join(10)

    assert "umbel_task_started" in caplog.text
