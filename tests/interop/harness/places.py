"""Where tests find a worker that works already, and clients of each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from harness.parties import Client, Parties, Worker

KINDS = ("celery", "umbel")


class Place(NamedTuple):
    """A worker of one kind that has been started, and a client of each kind."""

    parties: Parties
    worker: Worker
    clients: dict[str, Client]


class Places:
    """One for each kind of worker; it is made when it is first asked for, and stays."""

    def __init__(self, gather: Callable[[str], Parties]) -> None:
        """`gather` makes the parties for a kind: nobody yet."""
        self._gather = gather
        self._made: dict[str, Place] = {}

    def __call__(self, kind: str) -> Place:
        if kind not in self._made:
            parties = self._gather(kind)
            worker = parties.worker(kind, "-c", "2")
            self._made[kind] = Place(parties, worker, {each: parties.client(each) for each in KINDS})
            worker.ready()
        return self._made[kind]

    def close(self) -> None:
        for each in self._made.values():
            each.parties.close()
