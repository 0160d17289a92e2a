"""The pool grows and shrinks, and nobody else changes its size."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from umbel import clock
from umbel.contracts import Bootstep
from umbel.exceptions import ImproperlyConfigured
from umbel.model import HeldTask
from umbel_autoscale.limits import Limits
from umbel_autoscale.scaler import Scaler
from umbel_autoscale.step import Autoscale
from umbel_conformance import BootstepConformance
from umbel_conformance.worker import RecordingWorker, delivery


class TestAutoscale(BootstepConformance):
    @pytest.fixture
    def worker(self) -> RecordingWorker:
        return RecordingWorker(settings={"autoscale_limits": "10,3"})

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Autoscale


class TestAutoscaleThatIsOff(BootstepConformance):
    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Autoscale


class Greedy(Scaler):
    """Takes all at once."""

    def size(self, concurrency: int, reserved: int, prefetch: int, now: float) -> int:
        return self.limits.most if reserved else self.limits.least


@pytest.fixture
def now() -> Iterator[clock.ManualClock]:
    with clock.manual() as now:
        yield now


class Scaled:
    """A worker whose pool is scaled, as time passes."""

    def __init__(self, now: clock.ManualClock, limits: str, **settings: Any) -> None:
        self._now = now
        self.worker = RecordingWorker(settings={"autoscale_limits": limits, **settings}, concurrency=8)
        self.step = Autoscale()
        self.step.start(self.worker)

    def has(self, tasks: int, held: int = 0) -> None:
        self.worker.holding = [
            HeldTask(str(number), "proj.add", delivery(), held=number >= tasks) for number in range(tasks + held)
        ]

    def after(self, seconds: int) -> int:
        """How many run at once then."""
        for _ in range(seconds):
            self._now.advance(1)
            for _, call in self.worker.timers:
                call()
        return self.worker.concurrency


@pytest.fixture
def scaled(now: clock.ManualClock) -> Callable[..., Scaled]:
    return lambda limits="10,3", **settings: Scaled(now, limits, **settings)


@pytest.mark.parametrize(
    ("text", "expected"), [("10,3", (10, 3)), ("3,10", (10, 3)), (" 3 , 10 ", (10, 3)), ("4", (4, 1)), ("5,5", (5, 5))]
)
def test_the_limits_may_come_in_either_order(text: str, expected: tuple[int, int]) -> None:
    assert (Limits.of(text).most, Limits.of(text).least) == expected


@pytest.mark.parametrize("text", ["", "many", "1,2,3", "3,0", "-1,3", "3;1", "3,"])
def test_limits_that_cannot_be_keep_the_worker_from_starting(text: str) -> None:
    with pytest.raises(ValueError, match="found"):
        Limits.of(text)
    if text:
        with pytest.raises(ImproperlyConfigured, match="autoscale_limits"):
            Autoscale().start(RecordingWorker(settings={"autoscale_limits": text}))


def test_a_worker_starts_with_the_least(scaled: Callable[..., Scaled]) -> None:
    assert scaled().worker.concurrency == 3


def test_it_grows_at_once_to_what_is_reserved(scaled: Callable[..., Scaled]) -> None:
    pool = scaled()
    pool.has(2)
    assert pool.after(1) == 3
    pool.has(7)
    assert pool.after(1) >= 7


def test_it_never_grows_beyond_the_most(scaled: Callable[..., Scaled]) -> None:
    pool = scaled()
    pool.has(500)
    assert pool.after(60) == 10


def test_a_worker_that_has_all_it_may_have_goes_on_by_one() -> None:
    scaler = Scaler(Limits(10, 1), 30.0)
    assert [scaler.size(n, reserved=n, prefetch=n, now=0.0) for n in (1, 2, 9, 10)] == [2, 3, 10, 10]


def test_it_shrinks_when_fewer_have_been_enough_for_thirty_seconds(scaled: Callable[..., Scaled]) -> None:
    pool = scaled()
    pool.has(500)
    assert pool.after(10) == 10
    pool.has(0)
    assert pool.after(30) == 10
    assert pool.after(1) == 3


def test_it_shrinks_to_the_most_that_was_needed_meanwhile(scaled: Callable[..., Scaled]) -> None:
    pool = scaled()
    pool.has(500)
    pool.after(10)
    pool.has(0)
    pool.after(10)
    pool.has(6)
    pool.after(10)
    pool.has(0)
    assert pool.after(11) == 6


def test_a_moment_in_which_all_were_needed_begins_the_wait_anew(scaled: Callable[..., Scaled]) -> None:
    pool = scaled()
    pool.has(500)
    pool.after(10)
    pool.has(0)
    pool.after(20)
    pool.has(10)
    pool.after(1)
    pool.has(0)
    assert pool.after(30) == 10
    assert pool.after(1) == 3


def test_what_a_gate_holds_needs_no_place(scaled: Callable[..., Scaled]) -> None:
    pool = scaled()
    pool.has(0, held=50)
    assert pool.after(5) == 3


def test_the_time_may_be_set_or_come_from_celerys_variable(
    scaled: Callable[..., Scaled], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOSCALE_KEEPALIVE", "5")
    for pool, seconds in ((scaled(), 5), (scaled(autoscale_keepalive_s=7.0), 7)):
        pool.has(500)
        pool.after(10)
        pool.has(0)
        assert pool.after(seconds) == 10
        assert pool.after(1) == 3


def test_a_variable_that_is_no_number_keeps_the_worker_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOSCALE_KEEPALIVE", "long")
    with pytest.raises(ImproperlyConfigured, match="AUTOSCALE_KEEPALIVE must be seconds, found 'long'"):
        Autoscale().start(RecordingWorker(settings={"autoscale_limits": "10,3"}))


def test_a_pool_that_cannot_change_its_size_keeps_the_worker_from_starting() -> None:
    worker = RecordingWorker(settings={"autoscale_limits": "10,3"}, features=frozenset())
    with pytest.raises(ImproperlyConfigured, match="the pool 'recording' cannot change its size"):
        Autoscale().start(worker)


def test_who_finds_the_command_knows_that_the_size_has_an_owner(scaled: Callable[..., Scaled]) -> None:
    off = Autoscale()
    off.start(RecordingWorker())
    assert not off.commands()
    pool = scaled()
    assert pool.step.commands()["autoscale"](max=20, min=5) == "autoscale now max=20 min=5"
    assert pool.after(1) == 5
    assert pool.step.commands()["autoscale"](max=4, min=None) == "autoscale now max=5 min=4"
    with pytest.raises(ValueError, match="at least one"):
        pool.step.commands()["autoscale"](max=4, min=0)


def test_another_maximum_counts_at_once(scaled: Callable[..., Scaled]) -> None:
    pool = scaled()
    pool.has(500)
    pool.after(10)
    pool.step.commands()["autoscale"](max=6)
    assert pool.after(1) == 6


def test_another_scaler_may_be_named(scaled: Callable[..., Scaled], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        importlib, "import_module", {"proj.scaling": type("module", (), {"Greedy": Greedy})}.__getitem__
    )
    for path in ("proj.scaling:Greedy", "proj.scaling.Greedy"):
        pool = scaled(worker_autoscaler=path)
        pool.has(1)
        assert pool.after(1) == 10


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nowhere.to.be:Found", "cannot be imported"),
        ("nothing", "cannot be imported"),
        ("collections:Counter", "no subclass of umbel_autoscale.scaler.Scaler"),
        ("collections:deque.clear", "cannot be imported"),
    ],
)
def test_another_scaler_that_is_none_keeps_the_worker_from_starting(path: str, says: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=says):
        Autoscale().start(RecordingWorker(settings={"autoscale_limits": "10,3", "worker_autoscaler": path}))
