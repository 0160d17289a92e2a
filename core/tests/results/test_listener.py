"""Who receives results for whom."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from umbel import Umbel, states
from umbel.contracts import Subscription
from umbel.exceptions import PermanentError, TimeoutError
from umbel.model import Record


class Receiving:
    """The names of the threads that have received, and a sign that one does."""

    def __init__(self, app: Umbel) -> None:
        self.threads: list[str] = []
        self.begun = threading.Event()
        backend: Any = app.backend
        subscribe = backend.subscribe
        backend.subscribe = lambda: self._noting(subscribe())

    def _noting(self, subscription: Any) -> Subscription:
        receive = subscription.receive

        def noted(timeout_s: float) -> Sequence[Record]:
            self.threads.append(threading.current_thread().name)
            self.begun.set()
            found: Sequence[Record] = receive(timeout_s)
            return found

        subscription.receive = noted
        return subscription  # type: ignore[no-any-return]


@pytest.fixture
def receiving(app: Umbel) -> Receiving:
    return Receiving(app)


def store(app: Umbel, task_id: str, value: Any) -> None:
    record = {"status": states.SUCCESS, "result": value, "task_id": task_id, "traceback": None, "children": []}
    app.results.store_state(task_id, states.SUCCESS, record)


def test_a_thread_that_waits_alone_receives_by_itself(app: Umbel, receiving: Receiving) -> None:
    for task_id in ("one", "two"):
        store(app, task_id, task_id)
        assert app.AsyncResult(task_id).get(timeout=10) == task_id
    assert set(receiving.threads) == {threading.current_thread().name}


def test_when_the_one_that_receives_is_done_the_others_are_served(app: Umbel, receiving: Receiving) -> None:
    with ThreadPoolExecutor(3, thread_name_prefix="caller") as callers:
        first = callers.submit(app.AsyncResult("first").get, timeout=10)
        assert receiving.begun.wait(10)
        others = [callers.submit(app.AsyncResult(name).get, timeout=10) for name in ("second", "third")]
        store(app, "first", 1)
        assert first.result(10) == 1
        store(app, "third", 3)
        store(app, "second", 2)
        assert [other.result(10) for other in others] == [2, 3]


def test_one_that_gives_up_leaves_the_others_served(app: Umbel, receiving: Receiving) -> None:
    with ThreadPoolExecutor(2) as callers:
        hasty = callers.submit(app.AsyncResult("never").get, timeout=0.05)
        assert receiving.begun.wait(10)
        patient = callers.submit(app.AsyncResult("one").get, timeout=10)
        assert isinstance(hasty.exception(10), TimeoutError)
        store(app, "one", 1)
        assert patient.result(10) == 1


def test_a_callback_is_served_while_a_thread_waits_for_something_else(app: Umbel, receiving: Receiving) -> None:
    called = threading.Event()
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(app.AsyncResult("later").get, timeout=10)
        assert receiving.begun.wait(10)
        app.AsyncResult("soon").then(lambda result: called.set())
        store(app, "soon", 1)
        assert called.wait(10)
        assert not waiting.done()
        store(app, "later", 2)
        assert waiting.result(10) == 2


def test_one_that_receives_when_the_app_is_closed_gets_an_error(app: Umbel, receiving: Receiving) -> None:
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(app.AsyncResult("one").get, timeout=10)
        assert receiving.begun.wait(10)
        app.close()
        assert isinstance(waiting.exception(10), PermanentError)
