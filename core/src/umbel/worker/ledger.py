"""Every delivery that this worker holds, from reserve to settle, and how many more it may take."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from attrs import define

from umbel import clock
from umbel.execution.plan import TaskPlan
from umbel.model.job import Job
from umbel.model.message import Delivery

#: More than this is never held, however short the tasks are.
MOST_HELD = 1000


@define(slots=True, eq=False)
class Entry:
    """A delivery that became a job."""

    job: Job
    delivery: Delivery
    plan: TaskPlan
    #: Seconds since the epoch; None: it has not begun.
    started: float | None = None
    pid: int | None = None
    #: The broker was told (or is being told) that the message is done.
    acked: bool = False
    #: The broker has confirmed that: it is not leased any more.
    confirmed: bool = False
    #: The run is over; what is left is to record and settle it.
    finished: bool = False


class Ledger:
    """Counts what is held against the prefetch limit.

    The limit is `concurrency * multiplier`, as in Celery, or as many as make `ahead_s` seconds of work where tasks are
    so short that the multiplier would leave the pool waiting for the broker.
    """

    def __init__(self, concurrency: int, multiplier: int, ahead_s: float) -> None:
        self._multiplier = multiplier
        self.resize(concurrency)
        self._ahead_s = ahead_s
        self._runtime_s = ahead_s or 1.0
        self._entries: dict[int, Entry] = {}
        self._held: dict[int, Delivery] = {}
        #: What gates keep and will give back, and what is over all the same.
        self._dropped: dict[int, Delivery] = {}
        self._changed = threading.Condition()
        #: Somebody waits for room.
        self.is_awaited = False

    def resize(self, concurrency: int) -> None:
        """So many jobs run at once from now on."""
        self.concurrency = concurrency
        self._least = concurrency * self._multiplier if self._multiplier else MOST_HELD

    def limit(self) -> int:
        """How many deliveries may be held now."""
        ahead = int(self.concurrency * self._ahead_s / self._runtime_s) if self._ahead_s else 0
        return max(self._least, min(MOST_HELD, ahead), 1)

    def add(self, entries: Iterable[Entry]) -> None:
        with self._changed:
            self._entries.update((entry.job.key, entry) for entry in entries)

    def get(self, key: int) -> Entry | None:
        return self._entries.get(key)

    def ran(self, runtime_s: float) -> None:
        """A task took this long; the limit follows the recent average."""
        self._runtime_s += (max(runtime_s, 1e-5) - self._runtime_s) * 0.05

    def remove(self, keys: Iterable[int]) -> None:
        """These are settled, or not ours any more."""
        with self._changed:
            for key in keys:
                self._entries.pop(key, None)
            # By the limit of now: it may have fallen since the wait began, below what was worthwhile then.
            if self.is_awaited and self.room():
                self._changed.notify_all()

    def room(self) -> int:
        """How many more may be reserved. Where much is held ahead, none until half of that is gone, so that the broker
        is asked for batches."""
        limit = self.limit()
        room = limit - len(self._entries)
        return room if room >= self._worthwhile(limit) else 0

    def _worthwhile(self, limit: int) -> int:
        return max(1, (limit - self._least) // 2)

    def wait_for_room(self, timeout_s: float) -> int:
        """As `room`, but while there is none it blocks, up to `timeout_s` seconds."""
        with self._changed:
            if not self.room() and timeout_s > 0:
                self.is_awaited = True
                clock.wait(self._changed, timeout_s)
                self.is_awaited = False
            return self.room()

    def wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def hold(self, delivery: Delivery) -> None:
        """A gate keeps this one: its lease is extended, and it does not count against the limit."""
        with self._changed:
            self._held[id(delivery)] = delivery

    def unhold(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Gates keep these no longer. Returns them without those that were dropped meanwhile."""
        with self._changed:
            for delivery in deliveries:
                self._held.pop(id(delivery), None)
            return [delivery for delivery in deliveries if self._dropped.pop(id(delivery), None) is None]

    def drop(self, delivery: Delivery) -> bool:
        """Whatever a gate keeps it for, it is over; False if none keeps it."""
        with self._changed:
            if self._held.pop(id(delivery), None) is None:
                return False
            self._dropped[id(delivery)] = delivery
            return True

    def leased(self) -> Sequence[Delivery]:
        """What must be extended: everything that the broker still counts as ours, until it has confirmed the end."""
        with self._changed:
            return [e.delivery for e in self._entries.values() if not e.confirmed] + list(self._held.values())

    def held(self) -> Sequence[Delivery]:
        """What gates keep."""
        with self._changed:
            return list(self._held.values())

    def entries(self) -> Sequence[Entry]:
        """A snapshot."""
        with self._changed:
            return list(self._entries.values())

    def is_busy(self) -> bool:
        """Some job is not over yet."""
        with self._changed:
            return any(not entry.finished for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
