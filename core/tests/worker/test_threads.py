"""The worker's own threads: lanes, the timer, the keeper of leases, patience."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from umbel import clock
from umbel.exceptions import PermanentError, TemporaryError
from umbel.execution.plan import TaskPlan
from umbel.model import Action, Delivery, Job, Message, Record, Settlement
from umbel.worker.lane import Lane
from umbel.worker.leases import LeaseKeeper
from umbel.worker.ledger import Entry, Ledger
from umbel.worker.persist import Patience, persist
from umbel.worker.record import Recorder, Recording
from umbel.worker.settle import Settler, Settling
from umbel.worker.timer import Timer

PLAN = TaskPlan("t", None, True, False, False, False, None, None, True, True, False)


def test_a_lane_handles_what_gathered_as_one_batch_in_order() -> None:
    batches: list[list[int]] = []
    busy, go_on = threading.Event(), threading.Event()

    def handle(items: Sequence[int]) -> None:
        batches.append(list(items))
        busy.set()
        assert go_on.wait(10)

    lane: Lane[int] = Lane("test", handle)
    lane.start()
    lane.put([1])
    assert busy.wait(10)
    lane.put([2, 3])
    lane.put([4])
    go_on.set()

    assert lane.close(10)
    assert batches == [[1], [2, 3, 4]]


def test_a_lane_that_lingers_takes_along_what_comes_meanwhile_unless_it_is_hurried() -> None:
    batches: list[list[int]] = []
    handled = threading.Semaphore(0)

    def handle(items: Sequence[int]) -> None:
        batches.append(list(items))
        handled.release()

    lane: Lane[int] = Lane("test", handle, linger_s=3600)
    lane.start()
    lane.put([1])
    lane.put([2])
    lane.hurry()
    assert handled.acquire(timeout=10)
    lane.hurry()  # before there is anything: it holds for what comes next
    lane.put([3])
    assert handled.acquire(timeout=10)

    assert lane.close(10)
    assert [item for batch in batches for item in batch] == [1, 2, 3]


def test_a_lane_survives_an_error_and_handles_all_before_it_closes() -> None:
    handled: list[int] = []

    def handle(items: Sequence[int]) -> None:
        if 1 in items:
            raise RuntimeError("oh")
        handled.extend(items)

    lane: Lane[int] = Lane("test", handle)
    lane.start()
    lane.put([1])
    lane.close(10)
    assert handled == []

    lane = Lane("test", handle)
    lane.put([2])
    lane.put([3])
    lane.start()
    assert lane.close(10)
    assert handled == [2, 3]


def test_a_lane_that_takes_too_long_says_so() -> None:
    stuck = threading.Event()
    lane: Lane[int] = Lane("test", lambda items: stuck.wait(30))
    lane.start()
    lane.put([1])

    assert not lane.close(0.01)
    stuck.set()


def test_the_timer_calls_at_each_interval_and_survives_errors() -> None:
    with clock.manual() as now:
        called = threading.Semaphore(0)
        timer = Timer()

        def call() -> None:
            called.release()
            raise RuntimeError("every time")

        timer.every(60, call)
        for _ in range(3):
            while not called.acquire(timeout=0.01):
                now.advance(20)
        timer.stop()


def test_leases_are_extended_while_a_job_runs_and_not_after() -> None:
    extended: list[Sequence[Delivery]] = []
    heard = threading.Semaphore(0)

    class Transport:
        lease_s = 30.0

        def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
            extended.append(deliveries)
            heard.release()
            return ()

    with clock.manual() as now:
        ledger = Ledger(1, 4, 0)
        delivery = Delivery(Message("q", b""), None)
        ledger.add([Entry(Job(1, "t", "1", delivery.message), delivery, PLAN)])
        keeper = LeaseKeeper(Transport(), ledger)  # type: ignore[arg-type]
        keeper.start()
        while not heard.acquire(timeout=0.01):
            now.advance(5)
        ledger.remove([1])
        before = len(extended)
        for _ in range(20):
            now.advance(5)
        keeper.stop()

    assert all(batch == [delivery] for batch in extended)
    assert len(extended) <= before + 1


def test_leases_that_could_not_be_extended_are_tried_again_soon() -> None:
    asked: list[float] = []
    heard = threading.Semaphore(0)

    class Transport:
        lease_s = 30.0

        def extend(self, _: Sequence[Delivery]) -> Sequence[Delivery]:
            asked.append(clock.monotonic())
            heard.release()
            if len(asked) < 4:
                raise TemporaryError("the broker is away")
            return ()

    with clock.manual() as now:
        ledger = Ledger(1, 4, 0)
        delivery = Delivery(Message("q", b""), None)
        ledger.add([Entry(Job(1, "t", "1", delivery.message), delivery, PLAN)])
        keeper = LeaseKeeper(Transport(), ledger)  # type: ignore[arg-type]
        keeper.start()
        for _ in range(5):
            while not heard.acquire(timeout=0.01):
                now.advance(1)
        keeper.stop()

    waits = [after - before for before, after in pairwise(asked)]
    assert max(waits[:3]) < 10 <= waits[3]


@pytest.mark.parametrize("ended", [False, True], ids=["it runs", "it has ended"])
def test_what_began_keeps_its_lease_until_the_broker_has_confirmed_the_acknowledgement(ended: bool) -> None:
    asked, back = threading.Event(), threading.Event()

    class Transport:
        features = frozenset({"delayed"})

        def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
            asked.set()
            if not back.is_set():
                raise TemporaryError("away")
            return ()

    ledger = Ledger(1, 4, 0)
    delivery = Delivery(Message("q", b""), None)
    entry = Entry(Job(1, "t", "1", delivery.message), delivery, PLAN, acked=True)
    ledger.add([entry])
    settler = Settler(Transport(), ledger, Patience())  # type: ignore[arg-type]
    settler.lane.start()
    settler.put([Settling(Settlement(delivery), entry)])
    assert asked.wait(10)
    entry.finished = ended
    assert ledger.leased() == [delivery]
    back.set()
    assert settler.lane.close(10)
    assert ledger.leased() == []
    assert ledger.get(1) is (None if ended else entry)


def test_what_may_help_is_tried_again_and_what_may_not_is_not() -> None:
    errors: list[Exception] = [TemporaryError("one"), TemporaryError("two")]

    def call() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    assert persist("work", call, Patience()) == "done"
    errors.append(PermanentError("never"))
    with pytest.raises(PermanentError):
        persist("work", call, Patience())


def test_patience_ends_when_the_worker_must() -> None:
    patience = Patience()
    patience.end_in(0)

    def call() -> Any:
        raise TemporaryError("away")

    with pytest.raises(TemporaryError):
        persist("work", call, patience)


def test_a_late_task_whose_result_cannot_be_stored_before_the_end_goes_back() -> None:
    settled: list[Any] = []

    class Settler:
        def put(self, settlings: Any) -> None:
            settled.extend(settlings)

    def store(records: Any) -> None:
        raise TemporaryError("away")

    patience = Patience()
    patience.end_in(0)
    recorder = Recorder(store, Settler(), patience)  # type: ignore[arg-type]
    delivery = Delivery(Message("q", b""), None)
    recorder.lane.start()
    recorder.put([Recording(Record("1", "SUCCESS", b"{}"), Settling(Settlement(delivery)))])

    assert recorder.lane.close(10)
    assert settled[0].settlement.action is Action.REQUEUE
