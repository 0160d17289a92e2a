"""A task's whole way inside one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from umbel import Umbel
from umbel.worker import Worker
from umbel_memory.backend import stores
from umbel_memory.transport import brokers


@pytest.fixture
def app() -> Iterator[Umbel]:
    app = Umbel("hello", broker="memory://way", backend="memory://way", set_as_current=False)
    yield app
    app.close()
    brokers.forget()
    stores.forget()


def test_a_task_is_sent_run_and_answered_in_one_process(app: Umbel) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    worker = Worker(app, pool="solo")
    thread = threading.Thread(target=worker.run, kwargs={"handle_signals": False})
    thread.start()
    try:
        assert [add.delay(number, 1).get(timeout=10) for number in range(3)] == [1, 2, 3]
    finally:
        worker.stop()
        thread.join(10)
    assert not thread.is_alive()


def test_without_a_worker_a_task_waits_and_a_result_is_pending(app: Umbel) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    result = add.apply_async((1, 2), countdown=60)
    depth = app.transport.admin().depth("celery")
    assert (depth.ready + (depth.delayed or 0), result.state) == (1, "PENDING")
