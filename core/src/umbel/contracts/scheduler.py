"""The contract of a scheduler: which entries are due, and who may send them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import Factory, frozen


@frozen
class Entry:
    """A periodic task. `schedule` is whatever the scheduler understands (an interval, a crontab, …)."""

    name: str
    task: str
    schedule: Any
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = Factory(dict)
    options: Mapping[str, Any] = Factory(dict)


@frozen
class Tick:
    """An entry that is due. `at` (seconds since the epoch) names the occasion: one is committed at most once."""

    entry: Entry
    at: float


class Scheduler(ABC):
    """Decides when periodic tasks are sent. Features: `durable` (survives restarts), `leader` (`lead` works across
    processes), `editable` (`sync` may be called while running)."""

    contract_version: ClassVar[int]
    features: ClassVar[frozenset[str]] = frozenset()
    settings_class: ClassVar[type | None] = None

    def __init__(self, settings: Any = None) -> None:
        self.settings = settings

    @abstractmethod
    def sync(self, entries: Sequence[Entry]) -> None:
        """Make these the entries: new ones are added, changed ones updated, missing ones removed."""

    @abstractmethod
    def entries(self) -> Sequence[Entry]:
        """All entries, sorted by name."""

    @abstractmethod
    def due(self, now: float) -> Sequence[Tick]:
        """What is to be sent at `now` (seconds since the epoch). Asking changes nothing."""

    @abstractmethod
    def commit(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        """Mark these as sent, atomically; returns those that nobody committed before. Send those, and only those."""

    @abstractmethod
    def next_wake(self, now: float) -> float | None:
        """When to ask again (seconds since the epoch); None: not before `sync`."""

    def lead(self, owner: str, ttl_s: float) -> bool:
        """Take or renew the lead for `ttl_s` seconds; True if `owner` has it. One process alone always leads."""
        return True

    def close(self) -> None:
        """Give up connections and write what is unwritten."""
