"""A fleet of workers on a Redis server of its own, a client that goes on publishing, and who is killed of them."""

from __future__ import annotations

import mmap
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from accounts import Journal, judge

if TYPE_CHECKING:
    from umbel_conformance.redis_server import RedisServer

#: The pool and the size of each worker.
FLEET = (("prefork", 3), ("prefork", 3), ("solo", 1), ("solo", 1))
VICTIMS = ("worker", "worker", "child", "child", "server", "server")
#: How many the client publishes at once.
SENDERS = 8
#: Seconds for which the server is down at most.
DOWN_S = 2.0
#: Where messages are that are not over.
PLACES = ("celery", "celery\x06\x163", "celery\x06\x166", "celery\x06\x169", "unacked", "unacked_index",
          "umbel.leases.celery", "umbel.delayed.celery", "umbel.dead.celery")  # fmt: skip


class Storm:
    """Workers and a server that come back after each kill, and a client that goes on publishing."""

    def __init__(self, machine: Any, server: RedisServer, total: int, rng: random.Random) -> None:
        self.machine, self.server, self.total, self.rng = machine, server, total, rng
        self.killed: Counter[str] = Counter()
        #: How often the server was away.
        self.outages = 0
        self.killed_workers: set[str] = set()
        self.killed_processes: set[int] = set()
        self.journal, marks = machine.folder / "journal", machine.folder / "marks"
        self.journal.touch()
        marks.write_bytes(bytes(total))
        with marks.open("r+b") as file:
            self.marks = mmap.mmap(file.fileno(), total)
        machine.environment.update(
            STORM_URL=server.url(),
            STORM_TOTAL=str(total),
            STORM_JOURNAL=str(self.journal),
            STORM_MARKS=str(marks),
            STORM_SENDERS=str(SENDERS),
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
            self.outages += 1
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

    def names(self) -> set[str]:
        return {name for name, _ in self.workers}

    def reserved(self, since: int = 0) -> list[str]:
        """The workers that took something from a queue; `since` is a place in the journal."""
        with self.journal.open() as journal:
            journal.seek(since)
            entries = [line.split() for line in journal]
        return [words[2] for words in entries if words[0] == "reserved" and len(words) == 3]

    def is_over(self) -> bool:
        if self.client.alive() or b"loading:1" in self.server.call("INFO", "persistence"):
            return False
        return bool(self.server.call("EXISTS", *PLACES) == 0)

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

    def end(self) -> dict[str, int]:
        """Let all tasks run to their ends, and all processes; returns how often there was which reason to run again."""
        self.goes_on(self.is_over, "end of all messages")
        assert self.machine.ask("check") == {}
        # What the server has confirmed, or handed out for good, may not be in the journal yet: it is when they ended.
        assert [worker.end() for _, worker in self.workers] == [0] * len(FLEET), self.machine.last_words()
        journal = Journal(self.journal.read_text().splitlines())
        found = judge(journal, self.total, lambda number: number % 10 == 9, self.killed_workers, self.killed_processes)
        assert not found.wrong, found.wrong[:20]
        # What was under way to a server that was killed may have arrived, and is sent again.
        assert found.reasons["published twice"] <= SENDERS * self.outages
        self.machine.nothing_is_left()
        return found.reasons
