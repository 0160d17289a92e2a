"""Both kinds of worker on one queue, with both kinds of client, and `kill -9` in between.

Celery takes a message from Redis with one command and writes it down with a second one, so a worker of Celery's that is
killed between the two loses the message that it was taking. The first test shows it, without Umbel. So here a kill of
Celery may cost one message, which no worker has ever seen, and a kill of Umbel none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from harness.parties import Parties, Worker, noted

from umbel import Umbel
from umbel.model import Action, Settlement

#: What a dead worker of Celery's held comes back after this time, when another one starts (or looks, every 100 s).
VISIBILITY_S = 3
#: Where messages are, as Celery names the places: a list for each priority, and what is not acknowledged.
PLACES = ("celery", "celery\x06\x163", "celery\x06\x166", "celery\x06\x169", "unacked", "unacked_index")


class Fleet:
    """Workers, which leave a mark for each task that ran."""

    def __init__(self, parties: Parties, store: Any, total: int, kinds: Sequence[str]) -> None:
        self.parties = parties
        self.total = total
        self.killed: list[str] = []
        self._store = store
        self._marks = parties.folder / "marks"
        self._marks.write_bytes(bytes(total))
        self.workers = [self._start(kind).ready() for kind in kinds]

    def missing(self) -> list[int]:
        return [number for number, mark in enumerate(self._marks.read_bytes()) if not mark]

    def share(self, kind: str) -> float:
        """How much of the tasks ran last on a worker of this kind."""
        return self._marks.read_bytes().count(kind[:1].encode()) / self.total

    def reaches(self, goal: int) -> None:
        self.workers[-1].until(lambda: self.total - len(self.missing()) >= goal, f"progress to {goal} tasks")

    def kill(self, number: int) -> None:
        """Kill one of the workers and start another one of its kind."""
        self.workers[number].kill()
        self.killed.append(self.workers[number].kind)
        self.workers[number] = self._start(self.workers[number].kind)

    def comes_to_an_end(self) -> None:
        """Block until no message is left."""
        for _ in range(5):
            try:
                self.workers[-1].until(lambda: not self._store.exists(*PLACES), "end", VISIBILITY_S + 1)
            except TimeoutError as error:
                # Somebody has to look for what dead workers of Celery's held.
                words = error
                self.parties.worker("celery", "-c", "1", **self._environment()).ready()
            else:
                return
        raise words

    def end(self) -> list[int]:
        return [worker.ready().end() for worker in self.workers]

    def _start(self, kind: str) -> Worker:
        return self.parties.worker(kind, "-c", "2", **self._environment())

    def _environment(self) -> dict[str, str]:
        return {"INTEROP_MARKS": str(self._marks), "INTEROP_VISIBILITY_S": str(VISIBILITY_S)}


@pytest.fixture
def store(parties: Parties) -> Iterator[Any]:
    """The database, seen from outside."""
    redis = pytest.importorskip("redis")
    with redis.Redis.from_url(parties.url, decode_responses=True) as connection:
        yield connection


def survives(fleet: Fleet, senders: Sequence[str], kills: int, victims: Sequence[int]) -> None:
    """Send, kill `victims` in turn, and count."""
    half, total = fleet.total // 2, fleet.total
    clients = [fleet.parties.client(kind) for kind in senders]
    clients[0].begin("send_numbers", task="interop.mark", start=0, stop=half)
    clients[1].begin("send_numbers", task="interop.mark", start=half, stop=total)
    for kill, victim in zip(range(1, kills + 1), cycle(victims), strict=False):
        fleet.reaches(total * kill // (kills + 2))
        fleet.kill(victim)
    assert [client.answer() for client in clients] == [half, half]
    fleet.comes_to_an_end()
    missing = fleet.missing()
    # Each reads what the other one has sent.
    assert clients[0].ask("wrong", start=half, stop=total, but=missing) == []
    assert clients[1].ask("wrong", start=0, stop=half, but=missing) == []
    assert fleet.end() == [0, 0]
    shares = {worker.kind: fleet.share(worker.kind) for worker in fleet.workers}
    assert min(shares.values()) > 0, shares
    assert len(missing) <= fleet.killed.count("celery"), missing
    for worker in fleet.workers:
        log = worker.log.read_text()
        assert not [number for number in missing if f"[number-{number}]" in log], "it was received, and then lost"


def test_a_fleet_of_celery_loses_no_more_than_what_it_was_taking(parties: Parties, store: Any) -> None:
    fleet = Fleet(parties, store, 500, ["celery", "celery"])

    survives(fleet, ["celery", "celery"], kills=2, victims=[0, 1])


def test_nothing_is_lost_of_a_mixed_fleet_when_umbel_is_killed(parties: Parties, store: Any) -> None:
    fleet = Fleet(parties, store, 10_000, ["celery", "umbel"])

    survives(fleet, ["celery", "umbel"], kills=6, victims=[1])


def test_a_mixed_fleet_loses_no_more_than_what_celery_was_taking(parties: Parties, store: Any) -> None:
    fleet = Fleet(parties, store, 10_000, ["celery", "umbel"])

    survives(fleet, ["celery", "umbel"], kills=6, victims=[0, 1])


def test_celery_does_not_take_what_a_worker_of_umbel_is_still_running(
    parties: Parties, store: Any, tmp_path: Path
) -> None:
    """Celery counts its visibility timeout from the end of Umbel's lease, which is renewed: the one may be far shorter
    than the other, and than the task."""
    one = ("-c", "1", "--prefetch-multiplier", "1")
    client, notes, go = parties.client("celery"), tmp_path / "notes", tmp_path / "go"
    umbel = parties.worker("umbel", *one, INTEROP_LEASE_S="60").ready()
    id = client.send("interop.hold", str(notes), str(go))
    umbel.until(lambda: bool(noted(notes)), "a task that runs")
    begun = time.monotonic()
    umbel.until(lambda: time.monotonic() > begun + 3, "visibility timeout that is over")
    celery = parties.worker("celery", *one, INTEROP_VISIBILITY_S="1").ready()
    assert client.call("interop.who") == "celery"
    go.touch()

    assert client.get(id)["value"] == "umbel"
    assert notes.read_text() == "umbel\n"
    assert (umbel.end(), celery.end()) == (0, 0)
    assert not store.exists(*PLACES)


def test_celery_runs_a_message_that_umbel_has_lost_and_keeps_its_history(
    parties: Parties, store: Any, tmp_path: Path
) -> None:
    notes, go = tmp_path / "notes", tmp_path / "go"
    id = parties.client("umbel").send("interop.hold", str(notes), str(go))
    lose_once(parties.url, store)
    told = json.loads(store.lindex("celery", -1))["umbel-history"]
    one = ("-c", "1", "--prefetch-multiplier", "1")
    celery = parties.worker("celery", *one, INTEROP_VISIBILITY_S="1")
    celery.until(lambda: bool(noted(notes)), "a task that runs")
    celery.kill()
    store.zadd("unacked_index", dict.fromkeys(store.hkeys("unacked"), time.time() - 2))
    celery = parties.worker("celery", *one, INTEROP_VISIBILITY_S="1")
    celery.until(lambda: len(noted(notes)) == 2, "a task that runs again")

    (held,) = store.hvals("unacked")
    assert (json.loads(held)[0]["umbel-lost"], json.loads(held)[0]["umbel-history"]) == (1, told)
    go.touch()
    assert parties.client("celery").get(id)["value"] == "celery"


def lose_once(url: str, store: Any) -> None:
    """Have the message be lost by one worker of Umbel's, and put back by another."""
    lost, finder = Umbel(broker=url, set_as_current=False), Umbel(broker=url, set_as_current=False)
    assert len(lost.transport.reserve(["celery"], 1, 5.0)) == 1
    store.zadd("umbel.leases.celery", dict.fromkeys(store.hkeys("unacked"), 0))
    (found,) = finder.transport.reserve(["celery"], 1, 5.0)
    finder.transport.settle([Settlement(found, Action.REQUEUE)])
    for app in (lost, finder):
        app.close()
