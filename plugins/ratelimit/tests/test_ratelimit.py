from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel import Umbel, clock
from umbel.contracts import Bootstep
from umbel.exceptions import ImproperlyConfigured, UnsupportedError
from umbel.model import Delivery
from umbel_conformance import BootstepConformance
from umbel_conformance.worker import BareTransport, RecordingWorker, delivery
from umbel_ratelimit.limit import TOLERANCE_S, Limit
from umbel_ratelimit.rate import per_second
from umbel_ratelimit.step import RateLimits


class DelayingTransport(BareTransport):
    contract_version = 1
    features = frozenset({"delayed"})


@pytest.fixture
def app() -> Iterator[Umbel]:
    app = Umbel("proj", set_as_current=False)

    @app.task(name="proj.limited", rate_limit="7/s")
    def limited() -> None: ...

    @app.task(name="proj.free")
    def free() -> None: ...

    yield app
    app.close()


class TestRateLimits(BootstepConformance):
    passing = ({"task": "proj.limited"}, {"task": "proj.free"}, {"task": "proj.free"}, {"task": "proj.unknown"})

    @pytest.fixture
    def worker(self, app: Umbel) -> RecordingWorker:
        return RecordingWorker(app=app)

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return RateLimits


@pytest.fixture
def now() -> Iterator[clock.ManualClock]:
    with clock.manual() as now:
        yield now


def start(worker: RecordingWorker) -> Any:
    """A step that has started, as its gate."""
    step = RateLimits()
    step.start(worker)
    return step.gate()


def limited(number: int = 0) -> Delivery:
    return delivery({"task": "proj.limited", "id": str(number)})


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(5, 5.0), (0.5, 0.5), ("5", 5.0), ("10/s", 10.0), ("90/m", 1.5), ("0.5/h", 0.5 / 3600), (0, 0.0), ("0/m", 0.0)],
)
def test_a_rate_is_read_as_celery_reads_it(rate: Any, expected: float) -> None:
    assert per_second(rate) == expected


@pytest.mark.parametrize("rate", ["", "5/d", "-1/s", "/s", "ten", True, "1/s/s"])
def test_what_is_no_rate_is_an_error(rate: Any) -> None:
    with pytest.raises(ValueError, match="expected a rate such as"):
        per_second(rate)


def test_a_wrong_rate_of_a_task_keeps_the_worker_from_starting(app: Umbel) -> None:
    app.tasks["proj.free"].rate_limit = "fast"
    with pytest.raises(ImproperlyConfigured, match=r"the rate_limit of task proj\.free: expected .* found 'fast'"):
        RateLimits().start(RecordingWorker(app=app))


def test_without_a_limit_there_is_no_gate(app: Umbel) -> None:
    app.tasks["proj.limited"].rate_limit = None
    assert start(RecordingWorker(app=app)) is None


def test_limits_can_be_switched_off(app: Umbel) -> None:
    assert start(RecordingWorker(app=app, settings={"worker_disable_rate_limits": True})) is None


def test_the_setting_limits_every_task_that_says_nothing(app: Umbel, now: clock.ManualClock) -> None:
    app.conf.task_default_rate_limit = "1/h"
    gate = start(RecordingWorker(app=app, transport=DelayingTransport("x://")))
    assert gate(delivery({"task": "proj.free"})) is None
    assert gate(delivery({"task": "proj.free"})).due is not None
    assert gate(limited()) is None, "each task has a limit of its own"


@pytest.mark.parametrize("count", [1, 300])
def test_what_is_sent_away_comes_back_at_the_rate_and_all_of_it_runs(
    app: Umbel, now: clock.ManualClock, count: int
) -> None:
    gate = start(RecordingWorker(app=app, transport=DelayingTransport("x://")))
    began = clock.time()
    waiting = [(began, number) for number in range(count)]
    ran: list[float] = []
    asked = 0
    while waiting:
        due, number = heapq.heappop(waiting)
        now.advance(max(0.0, due - clock.time()))
        verdict = gate(limited(number))
        asked += 1
        if verdict is None:
            ran.append(clock.time() - began)
        else:
            heapq.heappush(waiting, (verdict.due, number))
    assert len(ran) == count
    assert asked <= 2 * count
    assert all(late - early > 1.8 for early, late in zip(ran, ran[14:], strict=False)), "15 in less than 1.8 s"
    assert ran[-1] <= count / 7


def test_whoever_comes_by_chance_takes_a_free_place_and_none_is_lost(app: Umbel, now: clock.ManualClock) -> None:
    gate = start(RecordingWorker(app=app, transport=DelayingTransport("x://")))
    verdicts = [gate(limited(number)) for number in range(4)]
    first_back = next(verdict.due for verdict in verdicts if verdict is not None)
    now.advance(first_back - clock.time())
    assert gate(limited(99)) is None
    assert gate(limited(1)).due > max(verdict.due for verdict in verdicts if verdict is not None)


def test_a_broker_that_cannot_delay_has_them_held_in_the_worker(app: Umbel, now: clock.ManualClock) -> None:
    worker = RecordingWorker(app=app)
    gate = start(worker)
    first = [limited(number) for number in range(5)]
    held = [one for one in first if (verdict := gate(one)) is not None and verdict.hold]
    ((interval_s, release),) = worker.timers
    assert interval_s == TOLERANCE_S
    assert held == first[1:]

    class Readmitting(list[Any]):
        def __iadd__(self, deliveries: Any) -> Any:
            self.extend(one for one in deliveries if gate(one) is None)
            return self

    worker.readmitted = Readmitting()
    for tick in range(10):
        release()
        assert len(worker.readmitted) <= 1 + tick * TOLERANCE_S * 7
        now.advance(TOLERANCE_S)
    assert worker.readmitted == held


def test_a_limit_can_come_change_and_go_while_the_worker_runs(app: Umbel, now: clock.ManualClock) -> None:
    step = RateLimits()
    step.start(RecordingWorker(app=app, transport=DelayingTransport("x://")))

    def begun() -> int:
        gate = step.gate()
        return 20 if gate is None else sum(gate(limited(number)) is None for number in range(20))

    assert begun() == 1
    step.change("proj.limited", "rate_limit", "20/s")
    assert begun() == 3, "within the tolerance of a tenth of a second"
    step.change("proj.limited", "rate_limit", 0)
    assert begun() == 20
    assert step.gate() is None
    step.change("proj.limited", "rate_limit", "1/h")
    assert begun() == 1


def test_what_is_held_for_a_limit_that_is_lifted_runs(app: Umbel, now: clock.ManualClock) -> None:
    worker = RecordingWorker(app=app)
    step = RateLimits()
    step.start(worker)
    verdicts = [step.gate()(limited(number)) for number in range(5)]  # type: ignore[misc]
    step.change("proj.limited", "rate_limit", None)
    ((_, release),) = worker.timers
    release()
    assert len(worker.readmitted) == sum(verdict is not None for verdict in verdicts) == 4


def test_what_is_no_rate_is_refused_and_the_old_one_stays(app: Umbel, now: clock.ManualClock) -> None:
    step = RateLimits()
    step.start(RecordingWorker(app=app, transport=DelayingTransport("x://")))
    with pytest.raises(ValueError, match="found 'fast'"):
        step.change("proj.limited", "rate_limit", "fast")
    assert [step.gate()(limited(number)) is None for number in range(3)] == [True, False, False]  # type: ignore[misc]


def test_where_limits_are_switched_off_a_change_is_refused(app: Umbel) -> None:
    step = RateLimits()
    step.start(RecordingWorker(app=app, settings={"worker_disable_rate_limits": True}))
    with pytest.raises(UnsupportedError, match="worker_disable_rate_limits is on"):
        step.change("proj.limited", "rate_limit", "1/s")


def test_after_a_pause_no_more_begin_together_than_ever() -> None:
    limit = Limit(25)
    assert limit.take(1000.0)
    assert [limit.take(2000.0) for _ in range(5)] == [True, True, True, False, False]
