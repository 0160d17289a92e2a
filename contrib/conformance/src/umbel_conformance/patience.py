"""Time in the hands of a suite: waiting for what must come, and letting time pass where the driver looks at it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import ClassVar, Generic, Protocol, TypeVar

import pytest

from umbel import clock

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Background(Generic[T_co]):
    """A call on a thread of its own, for calls that block."""

    def __init__(self, call: Callable[[], T_co]) -> None:
        self._call = call
        self._value: list[T_co] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value.append(self._call())
        except BaseException as error:  # Handed to the test that asks for the result.
            self._error = error

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def result(self, patience_s: float) -> T_co:
        """What the call returned or raised; the test fails if it does not return within `patience_s` real seconds."""
        self._thread.join(patience_s)
        if self._thread.is_alive():
            pytest.fail(f"a call that should have returned still blocks after {patience_s} s (see patience_s)")
        if self._error is not None:
            raise self._error
        return self._value[0]


class Wakeable(Protocol):
    def wake(self) -> None: ...


class Patience:
    """How a suite waits. A driver that takes its time from `umbel.clock` alone sets `manual_time = True` and is tested
    without waiting; any other is tested in real time, with short leases."""

    #: Put a manual clock in the place of the real one for each test.
    manual_time: ClassVar[bool] = False
    #: Real seconds after which what has not happened never will.
    patience_s: ClassVar[float] = 10.0

    _now: clock.ManualClock | None = None

    @pytest.fixture(autouse=True)
    def _time_in_hand(self) -> Iterator[None]:
        if not self.manual_time:
            yield
            return
        with clock.manual() as self._now:
            yield

    @pytest.fixture(autouse=True)
    def _never_for_ever(self) -> Iterator[None]:
        """A call that hangs in the test's own thread fails the test, and the next one runs."""

        def give_up(signum: int, frame: object) -> None:
            pytest.fail(f"the test hangs in a call that should have returned {4 * self.patience_s} s ago at the latest")

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGALRM, give_up)
        # Again and again: what is cleaned up after the test may hang as well.
        signal.setitimer(signal.ITIMER_REAL, 4 * self.patience_s, 4 * self.patience_s)
        yield
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    def pass_time(self, seconds: float) -> None:
        """Let `seconds` pass for the driver: advance the manual clock, or wait. Override it if there is a third way."""
        if self._now is not None:
            self._now.advance(seconds)
        else:
            time.sleep(seconds)

    def eventually(self, condition: Callable[[], T], expected: str) -> T:
        """Ask `condition` again and again, letting time pass, until it is true; fail with `expected` if it never is."""
        deadline = time.monotonic() + self.patience_s
        while not (answer := condition()):
            if time.monotonic() > deadline:
                pytest.fail(f"expected {expected}; waited {self.patience_s} s for it (see patience_s)")
            self.pass_time(0.01)
            time.sleep(0.001)  # Real, so that other threads come to their turn under a manual clock too.
        return answer

    def background(self, call: Callable[[], T]) -> Background[T]:
        """Begin `call` on a thread."""
        return Background(call)

    def result_of(self, call: Background[T]) -> T:
        """The result of a call that must end without any time passing for the driver."""
        return call.result(self.patience_s)

    def result_as_time_passes(self, call: Background[T]) -> T:
        """The result of a call that must end once enough time has passed for the driver."""
        self.eventually(lambda: call.done, "the call to return as time passes")
        return call.result(0)

    def wake_until_it_returns(self, sleeper: Wakeable, call: Background[T]) -> T:
        """Wake again and again, for nobody can know from outside when a call has begun to wait; then its result."""
        deadline = time.monotonic() + self.patience_s
        while not call.done:
            if time.monotonic() > deadline:
                pytest.fail(f"wake() did not end a waiting call within {self.patience_s} s")
            sleeper.wake()
            time.sleep(0.001)
        return call.result(0)
