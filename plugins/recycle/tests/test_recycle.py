from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from umbel.contracts import Bootstep
from umbel.exceptions import ImproperlyConfigured
from umbel_conformance import BootstepConformance
from umbel_conformance.worker import RecordingWorker
from umbel_recycle.memory import resident_kib
from umbel_recycle.step import Recycling


class TestRecycling(BootstepConformance):
    @pytest.fixture
    def worker(self) -> RecordingWorker:
        return RecordingWorker(settings={"worker_max_tasks_per_child": 1})

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Recycling


def started(settings: Mapping[str, Any], features: frozenset[str] = frozenset()) -> RecordingWorker:
    worker = RecordingWorker(settings=settings, features=features)
    Recycling().start(worker)
    return worker


def look(worker: RecordingWorker) -> list[str]:
    for _, call in worker.timers:
        call()
    return worker.shutdowns


def test_after_so_many_tasks_it_is_started_anew_once() -> None:
    worker = started({"worker_max_tasks_per_child": 5})
    worker.totals.update(add=3, mul=1)
    assert look(worker) == []
    worker.totals["mul"] = 2
    look(worker)
    assert look(worker) == ["max_tasks_per_child: 5 tasks, the limit is 5; starting anew"]
    assert worker.again


def test_with_so_much_memory_it_is_started_anew() -> None:
    large, small = (started({"worker_max_memory_per_child": kib}) for kib in (1, resident_kib() * 100))
    assert "KiB, the limit is 1; starting anew" in look(large)[0]
    assert look(small) == []


def test_without_limits_nobody_looks() -> None:
    assert started({}).timers == []


def test_what_a_pool_keeps_by_itself_is_left_to_it() -> None:
    limits = {"worker_max_tasks_per_child": 1, "worker_max_memory_per_child": 1}
    pool = frozenset({"max_tasks_per_child", "max_memory_per_child"})
    assert started(limits, pool).timers == []
    half = started(limits, frozenset({"max_memory_per_child"}))
    assert look(half) == []
    half.totals["add"] = 1
    assert "max_tasks_per_child" in look(half)[0]


def test_a_limit_that_cannot_be_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="worker_max_tasks_per_child must be at least 1, found 0"):
        started({"worker_max_tasks_per_child": 0})
