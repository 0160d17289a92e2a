"""A runner without an app: a job's task name is a command, so a test can script what happens in a pool."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from attrs import frozen

from umbel import states
from umbel.contracts.pool import Step
from umbel.exceptions import SoftTimeLimitExceeded
from umbel.model import Job, Outcome

#: Memory that `grow` has taken; it belongs to the process, as a leak does.
_leaked: list[bytearray] = []


@frozen
class ScriptedRunner:
    """Runs `command:argument` task names. It can be pickled and survives a fork; `folder` is where processes meet.

    ====================  ==============================================================================================
    `echo`                succeeds; the body becomes the payload
    `info:KEY`            succeeds; says what the job's info has under KEY
    `wait:NAME`           runs until the file NAME is there (`open_gate` makes it); ends early at its soft limit
    `open:NAME`           makes that file
    `meet:N`              runs until N such jobs run at the same time
    `census`              notes how many `census` jobs ran at once, itself included
    `thread`              notes which thread runs it
    `stubborn`            never ends, and ignores its soft limit
    `leak:NAME`           as `wait`, but the soft limit escapes from the runner
    `raise`               fails
    `exit:CODE`           ends its process with `os._exit`
    `kill`                ends its process with SIGKILL
    `grow:MIB`            takes memory and keeps it
    ====================  ==============================================================================================

    The process id is in `Outcome.summary`, what else there is to say in `Outcome.reason`.
    """

    folder: Path

    def run(self, job: Job) -> Outcome:
        command, _, argument = job.task.partition(":")
        return self.outcome(job, COMMANDS[command](self, job, argument))

    def outcome(self, job: Job, reason: str) -> Outcome:
        """What a job gives whose command said this."""
        if job.task.startswith("echo"):
            return Outcome(states.SUCCESS, payload=job.message.body, reason=reason, summary=str(os.getpid()))
        state = states.FAILURE if reason in ("raised", "soft limit") else states.SUCCESS
        return Outcome(state, reason=reason, summary=str(os.getpid()))

    def is_async(self, job: Job) -> bool:
        return False

    def steps(self, job: Job) -> Generator[Step, Any, Outcome]:
        yield from ()
        return self.run(job)

    def lost(self, job: Job, error: BaseException) -> Outcome:
        return Outcome(states.FAILURE, reason=type(error).__name__, summary=job.task, lost=True)

    def process_started(self) -> None:
        self._leave("started", str(os.getpid()))

    def process_stopping(self) -> None:
        self._leave("stopping", str(os.getpid()))

    def open_gate(self, name: str) -> None:
        """Let the `wait:NAME` jobs end."""
        self._leave(name)

    def processes(self, event: str) -> set[int]:
        """The processes in which `started` or `stopping` was called."""
        return {int(path.name.split("-")[1]) for path in self.folder.glob(f"{event}-*")}

    def _leave(self, *name: str) -> None:
        (self.folder / "-".join(name)).touch()

    def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            time.sleep(0.005)  # Short, so that a soft limit gets a chance between two byte codes.

    def _echo(self, job: Job, argument: str) -> str:
        return argument

    def _info(self, job: Job, key: str) -> str:
        return str(job.info[key])

    def _wait(self, job: Job, name: str) -> str:
        try:
            self._until((self.folder / name).exists)
        except SoftTimeLimitExceeded:
            return "soft limit"
        return "waited"

    def _open(self, job: Job, name: str) -> str:
        self.open_gate(name)
        return "opened"

    def _leak(self, job: Job, name: str) -> str:
        self._until((self.folder / name).exists)
        return "waited"

    def _stubborn(self, job: Job, argument: str) -> str:
        while True:
            try:
                self._until(lambda: False)
            except SoftTimeLimitExceeded:
                self._leave("ignored", str(job.key))

    def _meet(self, job: Job, number: str) -> str:
        self._leave("met", number, str(job.key))
        self._until(lambda: len(list(self.folder.glob(f"met-{number}-*"))) >= int(number))
        return "met"

    def _thread(self, job: Job, argument: str) -> str:
        return str(threading.get_ident())

    def _census(self, job: Job, argument: str) -> str:
        here = self.folder / f"census-{job.key}"
        here.touch()
        time.sleep(0.02)  # Overlaps with others, if they may overlap.
        count = len(list(self.folder.glob("census-*")))
        here.unlink()
        return str(count)

    def _raise(self, job: Job, argument: str) -> str:
        return "raised"

    def _exit(self, job: Job, code: str) -> str:
        os._exit(int(code))

    def _kill(self, job: Job, argument: str) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        return "survived"

    def _grow(self, job: Job, mebibytes: str) -> str:
        _leaked.append(bytearray(b"x" * (int(mebibytes) * 2**20)))
        return "grown"


COMMANDS: dict[str, Callable[[ScriptedRunner, Job, str], Any]] = {
    "echo": ScriptedRunner._echo,
    "info": ScriptedRunner._info,
    "wait": ScriptedRunner._wait,
    "open": ScriptedRunner._open,
    "leak": ScriptedRunner._leak,
    "stubborn": ScriptedRunner._stubborn,
    "meet": ScriptedRunner._meet,
    "census": ScriptedRunner._census,
    "thread": ScriptedRunner._thread,
    "raise": ScriptedRunner._raise,
    "exit": ScriptedRunner._exit,
    "kill": ScriptedRunner._kill,
    "grow": ScriptedRunner._grow,
}
