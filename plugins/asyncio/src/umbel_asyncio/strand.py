"""One run on the loop: its steps are awaited, and it can be told that its time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from umbel.contracts.pool import Step
from umbel.exceptions import SoftTimeLimitExceeded, WorkerTerminate
from umbel.model.job import Outcome
from umbel_asyncio.hold import Hold

Steps = Generator[Step, Any, Outcome]
#: Calls a function that blocks where that hurts nobody.
Aside = Callable[[Callable[[], Any]], Awaitable[Any]]


class SoftLimit(SoftTimeLimitExceeded, asyncio.CancelledError):
    """How a soft limit is raised inside a coroutine: tasks catch it by its one name, and whoever gathers, waits or
    shields in between cleans up because of the other. Outside it is a plain `SoftTimeLimitExceeded`."""


class Strand:
    """`await strand.run()` is the outcome."""

    def __init__(self, steps: Steps, aside: Aside) -> None:
        self._steps = steps
        self._aside = aside
        self._hold = Hold(self._drive())
        self._cut_off = False

    async def run(self) -> Outcome:
        """Raises `WorkerTerminate` or `LetGo` if it was cut off; what else comes out came out of the runner."""
        return await self._hold

    def interrupt(self, limit_s: float) -> None:
        """The soft time limit is over."""
        if not self._cut_off:
            self._hold.interrupt(SoftLimit(limit_s))

    def cut_off(self) -> None:
        """Cancel it. It may clean up; whatever comes of it, nobody hears of it."""
        self._cut_off = True
        self._hold.interrupt(asyncio.CancelledError())

    def let_go(self) -> None:
        """It has had the time to clean up."""
        self._hold.let_go()

    async def _drive(self) -> Outcome:
        try:
            step = next(self._steps)
            while True:
                try:
                    value = await (self._aside(step) if callable(step) else step)
                except BaseException as error:
                    self._break_off_if_cut()
                    step = self._steps.throw(_plain(error))
                else:
                    self._break_off_if_cut()
                    step = self._steps.send(value)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def _break_off_if_cut(self) -> None:
        if self._cut_off:
            self._steps.throw(WorkerTerminate(1))


def _plain(error: BaseException) -> BaseException:
    if isinstance(error, SoftLimit):
        return SoftTimeLimitExceeded(*error.args).with_traceback(error.__traceback__)
    return error
