"""The contract of a result backend: it keeps results, and tells who waits for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from umbel.contracts.headers import Headers
from umbel.exceptions import UnsupportedError
from umbel.model.record import Record


class Backend(ABC):
    """Keeps records of results.

    **Features**: `across_processes`, `durable` (as for transports), `push` (a `Subscription` hears of a result without
    asking again and again), `expires` (records go by themselves after `ttl_s`), `shared_state` (`shared()` works),
    `headers` (`shared().headers()` as well: it counts the headers of chords in few steps),
    `private` (a result goes to who asked for it, `Record.reply_to`, and nobody else can fetch it).

    **Threads** as for transports: one call of each method at a time, several methods at once. **Errors** as well.
    """

    contract_version: ClassVar[int]
    features: ClassVar[frozenset[str]] = frozenset()
    settings_class: ClassVar[type | None] = None
    #: The name of the app that has this instance, which its calls carry; set before the first call.
    reply_to: str = ""

    def __init__(self, url: str, settings: Any = None) -> None:
        """`url` is the user's, its scheme chose this driver. Must not block: connect in the first call."""
        self.url = url
        self.settings = settings

    @abstractmethod
    def store(self, records: Sequence[Record]) -> None:
        """Keep the records, in order; a later one for the same task replaces an earlier one.

        A stored SUCCESS is never overwritten by another state. Returns when they are kept, and wakes who waits.
        """

    @abstractmethod
    def fetch(self, task_ids: Sequence[str]) -> Sequence[Record | None]:
        """The records of these tasks, None where there is none, in the order asked for."""

    @abstractmethod
    def forget(self, task_ids: Sequence[str]) -> None:
        """Drop these records; unknown ids are no error."""

    @abstractmethod
    def subscribe(self) -> Subscription:
        """A way to hear of results as they come. A backend that cannot push asks again and again in `receive`."""

    def cleanup(self) -> int:
        """Drop what has expired; returns how many. Nothing to do where records go by themselves."""
        return 0

    @abstractmethod
    def close(self) -> None:
        """Give up connections."""

    def shared(self) -> SharedState:
        """Small shared facts: groups, chord counters, locks, leaders, revocations (feature `shared_state`)."""
        raise UnsupportedError(f"{type(self).__name__} does not have 'shared_state'")


class Subscription(ABC):
    """One listener for many results. `receive` is called by one thread at a time; the others may come from any."""

    @abstractmethod
    def add(self, task_ids: Sequence[str]) -> None:
        """Wait for these too. If one is ready already, `receive` returns it at its next call."""

    @abstractmethod
    def discard(self, task_ids: Sequence[str]) -> None:
        """Wait for these no longer."""

    @abstractmethod
    def receive(self, timeout_s: float) -> Sequence[Record]:
        """Ready records (states SUCCESS, FAILURE, REVOKED) of the ids that were added, each once; blocks up to
        `timeout_s` seconds for the first. Reconnects by itself, and reads again what a gap may have hidden."""

    @abstractmethod
    def wake(self) -> None:
        """Make the `receive` that is under way return now, or the next one if none is. From any thread."""

    @abstractmethod
    def close(self) -> None:
        """Stop listening."""


class SharedState(ABC):
    """Small facts that many workers share; every method is atomic. Keys are str, values bytes, times seconds."""

    @abstractmethod
    def put(self, key: str, value: bytes, ttl_s: float | None = None) -> None:
        """Keep a value."""

    @abstractmethod
    def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """Read values, in the order asked for."""

    @abstractmethod
    def delete(self, keys: Sequence[str]) -> None:
        """Drop values, claims and tallies of these keys."""

    @abstractmethod
    def claim(self, key: str, owner: str, ttl_s: float) -> bool:
        """Take or renew a lock; True if `owner` has it now. For unique tasks and the leader of beat."""

    @abstractmethod
    def release(self, key: str, owner: str) -> bool:
        """Give a lock back; False if `owner` did not have it."""

    @abstractmethod
    def tally(self, key: str, member: str, value: bytes, ttl_s: float | None = None) -> int:
        """Count `member` once and keep its value (the first one stays); returns how many distinct members there are.
        For chords: a header task that ran twice counts once."""

    @abstractmethod
    def tallied(self, key: str) -> dict[str, bytes]:
        """The members that were counted, with their values."""

    # Of many at once: a driver does better than one after the other, where it can.

    def put_all(self, values: Mapping[str, bytes], ttl_s: float | None = None) -> None:
        """`put` for many."""
        for key, value in values.items():
            self.put(key, value, ttl_s)

    def claim_all(self, keys: Sequence[str], owner: str, ttl_s: float) -> Sequence[bool]:
        """`claim` for many, each by itself, in order."""
        return [self.claim(key, owner, ttl_s) for key in keys]

    def tallied_all(self, keys: Sequence[str]) -> Sequence[dict[str, bytes]]:
        """`tallied` for many, in order."""
        return [self.tallied(key) for key in keys]

    def tally_all(self, counts: Sequence[tuple[str, str, bytes]], ttl_s: float | None = None) -> Sequence[int]:
        """`tally` for many (key, member, value), in order."""
        return [self.tally(*count, ttl_s) for count in counts]

    def headers(self) -> Headers:
        """What counts the headers of chords in few steps (feature `headers`)."""
        raise UnsupportedError(f"{type(self).__name__} does not have 'headers'")
