"""Tasks that look whether they are still wanted."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from place import LIMIT_S, Place

from umbel import clock
from umbel_canvas.abortable import ABORTED, AbortableTask

pytestmark = pytest.mark.needs("umbel-canvas", "umbel-threads")


def test_a_task_that_is_aborted_sees_that_it_is(place: Place) -> None:
    runs = threading.Event()

    @place.app.task(name="w.abortable", base=AbortableTask, bind=True)
    def abortable(self: Any) -> str:
        runs.set()
        deadline = clock.monotonic() + LIMIT_S
        while not self.is_aborted() and clock.monotonic() < deadline:
            clock.sleep(0.01)
        return "aborted" if self.is_aborted() else "too late"

    place.work()
    result = abortable.delay()
    assert runs.wait(LIMIT_S)
    waiting = abortable.AsyncResult(result.id)
    assert not waiting.is_aborted()
    waiting.abort()
    assert result.get(timeout=LIMIT_S) == "aborted"


def test_a_result_says_that_it_was_aborted(place: Place) -> None:
    @place.app.task(name="w.waits", base=AbortableTask, bind=True)
    def waits(self: Any) -> bool:
        return bool(self.is_aborted())

    result = waits.AsyncResult(waits.delay().id)
    result.abort()
    assert (result.state, result.is_aborted()) == (ABORTED, True)
    place.work()
    assert result.get(timeout=LIMIT_S) is True
    assert not result.is_aborted()


def test_nothing_is_aborted_where_nothing_runs(place: Place) -> None:
    @place.app.task(name="w.nothing", base=AbortableTask, bind=True)
    def nothing(self: Any) -> bool:
        return bool(self.is_aborted())

    assert nothing() is False
