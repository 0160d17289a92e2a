"""The same commands as coroutines, for pools that run `async def` tasks on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from attrs import frozen

from umbel.contracts.pool import Step
from umbel.exceptions import SoftTimeLimitExceeded
from umbel.model import Job, Outcome
from umbel_conformance.pool.scripted import COMMANDS, ScriptedRunner


@frozen
class CoroutineRunner(ScriptedRunner):
    """A `ScriptedRunner` whose jobs are `async def`: what waits awaits."""

    def is_async(self, job: Job) -> bool:
        return True

    def steps(self, job: Job) -> Generator[Step, Any, Outcome]:
        command, _, argument = job.task.partition(":")
        if command in WAITING:
            reason = yield WAITING[command](self, job, argument)
        else:
            reason = COMMANDS[command](self, job, argument)
        return self.outcome(job, reason)

    async def _until_async(self, true: Callable[[], bool]) -> None:
        while not true():
            await asyncio.sleep(0.005)

    async def _await_gate(self, job: Job, name: str) -> str:
        try:
            await self._until_async((self.folder / name).exists)
        except SoftTimeLimitExceeded:
            return "soft limit"
        return "waited"

    async def _await_and_leak(self, job: Job, name: str) -> str:
        await self._until_async((self.folder / name).exists)
        return "waited"

    async def _swallow_everything(self, job: Job, argument: str) -> str:
        while True:
            try:
                await self._until_async(lambda: False)
            except SoftTimeLimitExceeded:
                self._leave("ignored", str(job.key))
            except asyncio.CancelledError:
                self._leave("cancelled", str(job.key))

    async def _meet_async(self, job: Job, number: str) -> str:
        self._leave("met", number, str(job.key))
        await self._until_async(lambda: len(list(self.folder.glob(f"met-{number}-*"))) >= int(number))
        return "met"

    async def _census_async(self, job: Job, argument: str) -> str:
        here = self.folder / f"census-{job.key}"
        here.touch()
        await asyncio.sleep(0.02)
        count = len(list(self.folder.glob("census-*")))
        here.unlink()
        return str(count)


WAITING: dict[str, Callable[[CoroutineRunner, Job, str], Coroutine[Any, Any, str]]] = {
    "wait": CoroutineRunner._await_gate,
    "leak": CoroutineRunner._await_and_leak,
    "stubborn": CoroutineRunner._swallow_everything,
    "meet": CoroutineRunner._meet_async,
    "census": CoroutineRunner._census_async,
}
