from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from attrs import evolve

from umbel import states
from umbel.contracts import Backend, Bootstep, Subscription
from umbel.exceptions import ImproperlyConfigured, TemporaryError
from umbel.model import Delivery, Record
from umbel_conformance import BootstepConformance
from umbel_conformance.worker import RecordingWorker, delivery
from umbel_dedup.step import Deduplication


class Kept(Backend):
    """Has the records that it was given."""

    contract_version = 1

    def __init__(self, *records: Record) -> None:
        super().__init__("kept://")
        self.records = {record.task_id: record for record in records}
        self.asked: list[str] = []
        self.error: Exception | None = None

    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        if self.error is not None:
            raise self.error
        self.asked += task_ids
        return [self.records.get(task_id) for task_id in task_ids]

    def store(self, records: Sequence[Record]) -> None:
        raise AssertionError("only looked into")

    def forget(self, task_ids: Sequence[str]) -> None:
        raise AssertionError("only looked into")

    def subscribe(self) -> Subscription:
        raise AssertionError("only looked into")

    def close(self) -> None:
        raise AssertionError("it is the worker's")


def worker_with(backend: Backend | None) -> RecordingWorker:
    return RecordingWorker(settings={"worker_deduplicate_successful_tasks": True}, backend=backend)


class TestDeduplication(BootstepConformance):
    @pytest.fixture
    def worker(self) -> RecordingWorker:
        return worker_with(Kept())

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Deduplication


def came_back(task_id: str, lost: int = 1) -> Delivery:
    return evolve(delivery({"id": task_id}), lost=lost)


def gate_of(worker: RecordingWorker) -> Any:
    step = Deduplication()
    step.start(worker)
    return step.gate()


def test_what_had_succeeded_is_not_run_again() -> None:
    verdict = gate_of(worker_with(Kept(Record("1", states.SUCCESS, b""))))(came_back("1"))
    assert verdict.reason == "it had succeeded before it came back to the queue"
    assert (verdict.state, verdict.due, verdict.dead, verdict.hold) == (None, None, False, False), "it is acknowledged"


@pytest.mark.parametrize("state", [states.STARTED, states.RETRY, states.FAILURE])
def test_what_had_not_succeeded_runs(state: str) -> None:
    assert gate_of(worker_with(Kept(Record("1", state, b""))))(came_back("1")) is None


def test_what_nobody_knows_runs() -> None:
    assert gate_of(worker_with(Kept()))(came_back("1")) is None


def test_what_comes_for_the_first_time_is_not_looked_up() -> None:
    backend = Kept(Record("1", states.SUCCESS, b""))
    assert gate_of(worker_with(backend))(came_back("1", lost=0)) is None
    assert backend.asked == []


def test_what_cannot_be_looked_up_runs(caplog: pytest.LogCaptureFixture) -> None:
    backend = Kept(Record("1", states.SUCCESS, b""))
    backend.error = TemporaryError("away")
    assert gate_of(worker_with(backend))(came_back("1")) is None
    assert "cannot be seen: away" in caplog.text


def test_without_the_setting_there_is_no_gate() -> None:
    assert gate_of(RecordingWorker(backend=Kept())) is None


def test_without_a_backend_it_cannot_be_kept() -> None:
    with pytest.raises(ImproperlyConfigured, match="set result_backend"):
        gate_of(worker_with(None))
