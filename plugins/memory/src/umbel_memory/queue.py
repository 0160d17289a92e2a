"""One queue: what is ready, what waits for its time, what is leased, what is dead. It knows no locks and no clock."""

from __future__ import annotations

import heapq
import itertools
import os
import socket

from attrs import define, evolve

from umbel.model import DeadLetter, Death, Delivery, Depth, Message
from umbel_memory.copies import copied

#: The oldest part of a longer history is forgotten.
MOST_HISTORY = 50


@define(eq=False)
class Entry:
    """A message on its queue. `number` is its place in the order of publishing; it keeps it when it comes back."""

    number: int
    message: Message
    lost: int = 0
    history: tuple[Death, ...] = ()

    def note(self, at: float, what: str) -> None:
        """Something befell it in this process."""
        death = Death(at, f"{socket.gethostname()}/{os.getpid()}", what)
        self.history = (*self.history, death)[-MOST_HISTORY:]


@define(eq=False)
class Lease:
    """An entry that somebody holds until `ends` (of the monotonic clock)."""

    entry: Entry
    holder: object
    ends: float
    begun: bool = False


class MemoryQueue:
    """The caller holds a lock and says the time: `now` in seconds since the epoch, `tick` of the monotonic clock."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.paused = False
        self._ready: list[tuple[int, int, Entry]] = []
        self._delayed: list[tuple[float, int, Entry]] = []
        self._leases: dict[int, Lease] = {}
        self._dead: dict[str, DeadLetter] = {}
        self._tags = itertools.count()

    def put(self, entry: Entry, due: float | None, now: float) -> None:
        if due is not None and due > now:
            heapq.heappush(self._delayed, (due, entry.number, entry))
        else:
            heapq.heappush(self._ready, (-entry.message.priority, entry.number, entry))

    def refresh(self, now: float, tick: float) -> None:
        """Make ready what is due, and what was leased to somebody who is late."""
        while self._delayed and self._delayed[0][0] <= now:
            self.put(heapq.heappop(self._delayed)[2], None, now)
        for tag in [tag for tag, lease in self._leases.items() if lease.ends <= tick]:
            self._lose(tag, now)

    def release(self, holder: object, now: float) -> None:
        """Make ready what `holder` holds: it goes away."""
        for tag in [tag for tag, lease in self._leases.items() if lease.holder is holder]:
            self._lose(tag, now)

    def _lose(self, tag: int, now: float) -> None:
        lease = self._leases.pop(tag)
        # The first loss makes it a suspect; from then on only those count that it may have caused.
        if lease.begun or not lease.entry.lost:
            lease.entry.lost += 1
            lease.entry.note(now, "its worker was lost while it ran" if lease.begun else "its worker was lost with it")
        self.put(lease.entry, None, now)

    def lease(self, holder: object, ends: float, now: float) -> Delivery | None:
        """Hand out the first message that is ready; what has expired is dropped on the way."""
        while self._ready and not self.paused:
            entry = heapq.heappop(self._ready)[2]
            if _expired(entry, now):
                continue
            tag = next(self._tags)
            self._leases[tag] = Lease(entry, holder, ends)
            return Delivery(copied(entry.message), (self.name, tag), entry.lost)
        return None

    def extend(self, tag: int, ends: float) -> bool:
        """False if nobody holds anything under this tag."""
        if tag not in self._leases:
            return False
        self._leases[tag].ends = ends
        return True

    def begin(self, tag: int) -> None:
        """What is leased under this tag runs now."""
        if tag in self._leases:
            self._leases[tag].begun = True

    def end_lease(self, tag: int) -> Entry | None:
        """The entry, no longer leased; None if nobody holds it under this tag."""
        lease = self._leases.pop(tag, None)
        return lease.entry if lease else None

    def next_change(self, now: float, tick: float) -> float:
        """Seconds until a delayed message is due or a lease ends."""
        due = [self._delayed[0][0] - now] if self._delayed else []
        return min([*due, *(lease.ends - tick for lease in self._leases.values())], default=float("inf"))

    def depth(self, now: float) -> Depth:
        ready = sum(not _expired(entry, now) for _, _, entry in self._ready)
        return Depth(self.name, ready, len(self._leases), len(self._delayed), len(self._dead), self.paused)

    def purge(self, now: float) -> int:
        count = self.depth(now).ready + len(self._delayed)
        self._ready.clear()
        self._delayed.clear()
        return count

    def bury(self, entry: Entry, reason: str, now: float) -> None:
        key = f"{self.name}:{entry.number}"
        entry.note(now, reason)
        self._dead[key] = DeadLetter(key, entry.message, reason, now, entry.lost, entry.history)

    def dead(self, limit: int) -> list[DeadLetter]:
        return [evolve(one, message=copied(one.message)) for one in itertools.islice(self._dead.values(), limit)]

    def exhume(self, key: str) -> DeadLetter | None:
        return self._dead.pop(key, None)


def _expired(entry: Entry, now: float) -> bool:
    return entry.message.expires is not None and entry.message.expires <= now
