"""`kill -9` in the middle of real work: of the worker, of a process of its pool, of the client."""

from __future__ import annotations

import mmap
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

pytestmark = [pytest.mark.needs("umbel-sqlite", "umbel-prefork"), pytest.mark.faults]

WORKER = ("-P", "prefork", "-c", "2", "-l", "WARNING")
#: "between": a process that has children of its own, as a pool may have between itself and those that run tasks.
VICTIMS = ("worker", "child", "child", "client", "between")


class Run:
    """A worker and a client that come back after each kill, and the marks that the tasks leave."""

    def __init__(self, machine: Any, total: int, rng: random.Random) -> None:
        self.machine, self.total, self.rng = machine, total, rng
        path = machine.folder / "marks"
        path.write_bytes(bytes(2 * total))
        with path.open("r+b") as file:
            self.marks = mmap.mmap(file.fileno(), 2 * total)
        machine.environment.update(FAULTS_TOTAL=str(total), FAULTS_MARKS=str(path))
        self.start_worker()
        self.client = machine.client("send")

    def start_worker(self) -> None:
        self.worker = self.machine.worker(*WORKER)
        #: What its pool stands on was killed: it may end by itself then, if it does not hang.
        self.may_end = False

    def ran(self) -> int:
        """How many have run of the tasks that must: a plain one may be lost before its first line, and reported so."""
        marks = bytearray(self.marks[: self.total])
        del marks[5::10]
        return len(marks) - marks.count(0)

    def sent(self) -> bool:
        return 0 not in self.marks[self.total :]

    def kill(self, victim: str) -> None:
        """Kill, and start again what does not come back by itself."""
        if victim == "worker":
            self.worker.kill()
            self.start_worker()
        elif victim == "client":
            self.client.kill()
            self.client = self.machine.client("send")
        else:
            self.kill_below(leaves=victim == "child")

    def kill_below(self, leaves: bool) -> None:
        direct, below = self.worker.children(), self.worker.descendants(leaves)
        if below:  # none: it has only just been started, or has no such process
            pid = self.rng.choice(below)
            # What stands between the worker and the pool's processes has no children yet while it starts.
            self.may_end = self.may_end or not leaves or pid in direct
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def goes_on(self, until: Callable[[], bool], what: str) -> None:
        """Block until then, with a worker that lives."""
        self.machine.until(lambda: self.has_worker() and until(), what)

    def has_worker(self) -> bool:
        if not self.worker.alive():
            assert self.may_end, f"the worker ended by itself\n{self.machine.last_words()}"
            self.start_worker()
        return True


def survives(machine: Any, total: int, kills: int) -> None:
    """The promise: whatever is killed, every task runs, every result is there, and the database is sound."""
    seed = int(os.environ.get("UMBEL_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"UMBEL_FAULTS_SEED={seed}")
    rng = random.Random(seed)
    run = Run(machine, total, rng)
    must_run = total - total // 10
    for at in sorted(rng.randrange(must_run) for _ in range(kills)):
        run.goes_on(lambda at=at: run.ran() >= at, f"progress to {at} tasks")
        time.sleep(rng.uniform(0, 0.02))  # not only where a task has just begun
        run.kill(rng.choice(VICTIMS))
    run.goes_on(lambda: run.ran() == must_run and run.sent(), "run of all tasks")
    # Before anybody waits for results: what the last kill hit needs a worker, and that kill may have ended this one.
    run.goes_on(lambda: machine.ask("depth") == {"ready": 0, "reserved": 0, "dead": 0}, "empty queue")
    wrong = machine.ask("check")
    assert wrong == {}, f"UMBEL_FAULTS_SEED={seed}: {machine.last_words()}"
    ended = run.worker.end()
    assert ended == 0 or run.may_end, f"exit code {ended}: {machine.last_words()}"
    machine.nothing_is_left()
    machine.databases_are_sound()


def test_two_thousand_tasks_survive_eight_kills(machine: Callable[[str], Any]) -> None:
    survives(machine("faulty"), total=2_000, kills=8)


def test_twenty_thousand_tasks_survive_fifty_kills(machine: Callable[[str], Any]) -> None:
    survives(machine("faulty"), total=20_000, kills=50)
