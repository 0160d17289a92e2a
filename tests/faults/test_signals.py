"""SIGTERM: the first one drains, the second one ends at once; as an ordinary process and as PID 1 of a container."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

pytestmark = [pytest.mark.needs("umbel-sqlite", "umbel-prefork"), pytest.mark.faults]

#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 60.0
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def why_no_container() -> str | None:
    """Why this user cannot have a PID namespace here, if so (unshare(1))."""
    if shutil.which(CONTAINER[0]) is None:
        return "there is no unshare(1)"
    tried = subprocess.run([*CONTAINER, "true"], capture_output=True, text=True)
    return tried.stderr.strip() if tried.returncode else None


class Tried:
    """A worker with one process and three tasks, the first of which runs until the file `go` is there."""

    def __init__(self, machine: Any, pool: str, under: tuple[str, ...]) -> None:
        self.machine = machine
        machine.environment["PATIENT_FILES"] = str(machine.folder)
        self.started = machine.worker("-P", pool, "-c", "1", under=under)
        machine.client("send").process.wait()
        machine.until(lambda: self.began("first") == 1, "start of the first task")
        # Under unshare(1) the worker is its child.
        self.pid = self.started.children()[0] if under else self.started.pid

    def began(self, name: str) -> int:
        mark = self.machine.folder / f"{name}.began"
        return len(mark.read_text().splitlines()) if mark.exists() else 0

    def signal(self, number: int = signal.SIGTERM) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def until_it_stops(self, pool: str) -> None:
        """Block until the worker has given back what it had not begun.

        `solo` does so only after the task, which runs on the thread that hears the signal; but it has heard it before
        the task goes on.
        """
        if pool != "solo":
            self.machine.until(lambda: self.machine.ask("leases") == 1, "return of what had not begun")

    def signal_again(self, pool: str) -> int:
        """The second signal; returns the exit code.

        To a process that has not handled the first one yet, a second one of the same kind is no other. Only `solo` does
        not show that it has, so there the second one is sent until it is one.
        """
        while True:
            self.signal()
            with suppress(subprocess.TimeoutExpired):
                return self.started.process.wait(0.2 if pool == "solo" else LIMIT_S)

    def go(self) -> None:
        (self.machine.folder / "go").touch()

    def code(self) -> int:
        """The exit code; the process has to end by itself."""
        return self.started.process.wait(LIMIT_S)


@pytest.fixture(params=["process", "pid 1"])
def tried(request: pytest.FixtureRequest, machine: Callable[[str], Any]) -> Callable[[str], Tried]:
    under: tuple[str, ...] = ()
    if request.param == "pid 1":
        if why := why_no_container():
            pytest.skip(f"no PID namespace: {why}")
        under = CONTAINER
    return lambda pool: Tried(machine("patient"), pool, under)


POOLS = (
    "prefork",
    "solo",
    *(pytest.param(name, marks=pytest.mark.needs(f"umbel-{name}")) for name in ("threads", "asyncio")),
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("pool", POOLS)
def test_the_first_signal_lets_the_running_task_finish_and_gives_the_others_back(
    tried: Callable[[str], Tried], pool: str, number: signal.Signals
) -> None:
    worker = tried(pool)
    worker.signal(number)
    worker.until_it_stops(pool)
    worker.go()
    assert worker.code() == 0, worker.started.tail()
    assert worker.machine.ask("results") == ["SUCCESS", "PENDING", "PENDING"]
    assert worker.machine.ask("depth") == 2
    worker.machine.nothing_is_left()


@pytest.mark.parametrize("pool", POOLS)
def test_the_second_signal_ends_at_once_and_loses_nothing(tried: Callable[[str], Tried], pool: str) -> None:
    worker = tried(pool)
    worker.signal()
    worker.until_it_stops(pool)
    assert worker.signal_again(pool) != 0
    assert worker.machine.ask("depth") == 3
    worker.machine.nothing_is_left()
    worker.go()
    after = worker.machine.worker("-P", pool, "-c", "1")
    worker.machine.until(lambda: worker.machine.ask("results") == ["SUCCESS"] * 3, "success of all three")
    assert after.end() == 0, after.tail()
    worker.machine.databases_are_sound()
