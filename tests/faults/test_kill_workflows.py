"""`kill -9` of workers in the middle of workflows: all of them end as they should, and no body is published twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

pytestmark = [pytest.mark.needs("umbel-canvas", "umbel-prefork"), pytest.mark.faults]

WORKER = ("-P", "prefork", "-c", "2", "-l", "WARNING")


class Run:
    """Workflows that are sent and worked on, and the marks that their bodies leave."""

    def __init__(self, machine: Any, chords: int, width: int, nested: int, rng: random.Random) -> None:
        self.machine, self.total, self.rng, self.ended = machine, chords + nested, rng, 0
        self.marks = machine.folder / "marks"
        self.marks.write_bytes(bytes(self.total + 1))
        sizes = {"FAULTS_CHORDS": chords, "FAULTS_WIDTH": width, "FAULTS_NESTED": nested}
        machine.environment.update({key: str(size) for key, size in sizes.items()}, FAULTS_MARKS=str(self.marks))
        self.worker = machine.worker(*WORKER)
        self.client = machine.client("send")

    def ran(self) -> int:
        """How many bodies have."""
        return self.total - self.marks.read_bytes()[: self.total].count(0)

    def kill(self) -> None:
        """The worker, or one of the processes below it."""
        below = self.worker.descendants(leaves=True)
        if below and self.rng.random() < 0.5:
            with suppress(ProcessLookupError):
                os.kill(self.rng.choice(below), signal.SIGKILL)
        else:
            self.worker.kill()

    def goes_on(self, until: Callable[[], bool], what: str) -> None:
        """Block until then, with a worker that lives: it ends by itself if what its pool stands on was killed."""
        self.machine.until(lambda: self.has_worker() and until(), what)

    def has_worker(self) -> bool:
        if not self.worker.alive():
            self.worker = self.machine.worker(*WORKER)
        return True

    def ends(self) -> None:
        """Block until all have ended, for as long as there is progress."""
        while (before := self.ended) < self.total:
            self.goes_on(lambda before=before: self.look() > before, f"progress from {before} ended workflows")

    def look(self) -> int:
        self.ended = int(self.machine.ask("ended"))
        return self.ended


def survives(machine: Any, chords: int, width: int, nested: int, kills: int) -> None:
    """Kill the worker or a process of its pool at random moments, until everything has ended."""
    seed = int(os.environ.get("UMBEL_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"UMBEL_FAULTS_SEED={seed}")
    rng = random.Random(seed)
    run = Run(machine, chords, width, nested, rng)
    # A tenth of the chords fails, and their bodies leave no mark.
    for at in sorted(rng.randrange((chords + nested) * 3 // 4) for _ in range(kills)):
        run.goes_on(lambda at=at: run.ran() >= at, f"progress to {at} bodies")
        time.sleep(rng.uniform(0, 0.3))  # not only where a body has just run
        run.kill()
    run.goes_on(lambda: not run.client.alive(), "end of the client")
    assert run.client.process.returncode == 0, machine.last_words()
    run.ends()
    wrong = machine.ask("check")
    assert wrong == {}, f"UMBEL_FAULTS_SEED={seed}: {machine.last_words()}"
    assert run.worker.end() == 0, machine.last_words()


@pytest.mark.needs("umbel-sqlite")
def test_workflows_on_sqlite_survive_kills(machine: Callable[[str], Any]) -> None:
    survives(machine("branching"), chords=40, width=10, nested=20, kills=5)


@pytest.mark.needs("umbel-redis")
def test_workflows_on_redis_survive_kills(machine: Callable[[str], Any], plain_server: Any) -> None:
    made = machine("branching")
    made.environment["FAULTS_URL"] = plain_server.url(0)
    survives(made, chords=60, width=10, nested=30, kills=5)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.needs("umbel-redis")
def test_five_hundred_chords_and_two_hundred_nested_workflows_survive_kills_on_redis(
    machine: Callable[[str], Any], plain_server: Any
) -> None:
    made = machine("branching")
    made.environment["FAULTS_URL"] = plain_server.url(0)
    survives(made, chords=500, width=50, nested=200, kills=40)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.needs("umbel-sqlite")
def test_five_hundred_chords_and_two_hundred_nested_workflows_survive_kills_on_sqlite(
    machine: Callable[[str], Any],
) -> None:
    survives(machine("branching"), chords=500, width=50, nested=200, kills=40)
