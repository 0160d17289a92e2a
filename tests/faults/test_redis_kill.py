"""`kill -9` of workers, of processes of their pools, and of the Redis server itself, in the middle of real work.

The server writes all that it confirms to its disk first (`appendfsync always`); what that is worth is what is tested.
`accounts.py` has the promise.
"""

from __future__ import annotations

import mmap
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from umbel_conformance.redis_server import RedisServer

sys.path.insert(0, str(Path(__file__).parent))

from accounts import Journal, judge

pytestmark = [pytest.mark.needs("umbel-redis", "umbel-prefork"), pytest.mark.faults]

#: The pool and the size of each worker.
FLEET = (("prefork", 3), ("prefork", 3), ("solo", 1), ("solo", 1))
VICTIMS = ("worker", "worker", "child", "child", "server", "server")
#: Seconds for which the server is down at most.
DOWN_S = 2.0
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
#: Where messages are that are not over.
PLACES = ("celery", "celery\x06\x163", "celery\x06\x166", "celery\x06\x169", "unacked", "unacked_index",
          "umbel.leases.celery", "umbel.delayed.celery", "umbel.dead.celery")  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    started = RedisServer(tmp_path / "redis", *DURABLE).start()
    yield started
    started.kill()


class Storm:
    """Workers and a server that come back after each kill, and a client that goes on publishing."""

    def __init__(self, machine: Any, server: RedisServer, total: int, rng: random.Random) -> None:
        self.machine, self.server, self.total, self.rng = machine, server, total, rng
        self.killed: Counter[str] = Counter()
        self.killed_workers: set[str] = set()
        self.killed_processes: set[int] = set()
        self.journal, marks = machine.folder / "journal", machine.folder / "marks"
        self.journal.touch()
        marks.write_bytes(bytes(total))
        with marks.open("r+b") as file:
            self.marks = mmap.mmap(file.fileno(), total)
        machine.environment.update(
            STORM_URL=server.url(), STORM_TOTAL=str(total), STORM_JOURNAL=str(self.journal), STORM_MARKS=str(marks)
        )
        self._number = 0
        self.workers = [self._start(*kind) for kind in FLEET]
        self.client = machine.client("send")

    def ended(self) -> int:
        """How many tasks have run to their ends."""
        return self.total - self.marks[:].count(0)

    def kill(self) -> None:
        """Kill somebody, and start again what does not come back by itself."""
        victim = self.rng.choice(VICTIMS)
        place = self.rng.randrange(len(FLEET))
        if victim == "server":
            self.server.kill()
            time.sleep(self.rng.uniform(0, DOWN_S))
            self.server.start()
        elif victim == "child" and FLEET[place][0] == "prefork":
            self._kill_child(place)
        else:
            victim = FLEET[place][0]
            self.workers[place][1].kill()
            self.killed_workers.add(self.workers[place][0])
            self.workers[place] = self._start(*FLEET[place])
        self.killed[victim] += 1

    def goes_on(self, until: Callable[[], bool], what: str) -> None:
        """Block until then, with workers that live."""

        def all_live() -> bool:
            for name, worker in self.workers:
                assert worker.alive(), f"{name} ended by itself\n{self.machine.last_words()}"
            return True

        self.machine.until(lambda: all_live() and until(), what)

    def is_over(self) -> bool:
        return not self.client.alive() and self.server.call("EXISTS", *PLACES) == 0

    def _start(self, pool: str, concurrency: int) -> tuple[str, Any]:
        self._number += 1
        name = self.machine.environment["STORM_WORKER"] = f"{pool}-{self._number}"
        return name, self.machine.worker("-P", pool, "-c", str(concurrency), "-n", f"{name}@here", "-l", "WARNING")

    def _kill_child(self, place: int) -> None:
        children = self.workers[place][1].descendants(leaves=True)
        if children:  # none: it has only just been started
            pid = self.rng.choice(children)
            self.killed_processes.add(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def survives(machine: Any, server: RedisServer, total: int, kills: int) -> None:
    seed = int(os.environ.get("UMBEL_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"UMBEL_FAULTS_SEED={seed}")
    began, rng = time.monotonic(), random.Random(seed)
    storm = Storm(machine, server, total, rng)
    # Not to the very end: some that were acknowledged early are lost, and do not end.
    for at in sorted(rng.randrange(total * 19 // 20) for _ in range(kills)):
        storm.goes_on(lambda at=at: storm.ended() >= at, f"progress to {at} tasks")
        time.sleep(rng.uniform(0, 0.02))  # not only where a task has just ended
        storm.kill()
    storm.goes_on(storm.is_over, "end of all messages")
    lines = storm.journal.read_text().splitlines()
    verdict = judge(
        Journal(lines), total, lambda number: number % 10 == 9, storm.killed_workers, storm.killed_processes
    )
    print(f"{total} tasks, {time.monotonic() - began:.0f} s, killed {dict(storm.killed)}, {verdict.reasons}")
    assert not verdict.wrong, f"UMBEL_FAULTS_SEED={seed}: {verdict.wrong[:20]}"
    assert machine.ask("check") == {}
    assert [worker.end() for _, worker in storm.workers] == [0] * len(FLEET), machine.last_words()
    machine.nothing_is_left()


def test_fifteen_hundred_tasks_survive_eight_kills(machine: Callable[[str], Any], server: RedisServer) -> None:
    survives(machine("stormy"), server, total=1_500, kills=8)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_twenty_thousand_tasks_survive_a_hundred_kills(machine: Callable[[str], Any], server: RedisServer) -> None:
    survives(machine("stormy"), server, total=20_000, kills=100)
