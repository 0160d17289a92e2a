"""All queues of one name, shared by every transport with that name in this process."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from umbel import clock
from umbel.model import Death, Delivery, Message
from umbel_memory.fanout import MemoryFanout
from umbel_memory.queue import Entry, MemoryQueue


class MemoryBroker:
    """What the server of a broker would be."""

    def __init__(self) -> None:
        #: Guards all that is in here; notified when something may have come to a queue.
        self.changed = threading.Condition()
        self.queues: dict[str, MemoryQueue] = {}
        self.fanout = MemoryFanout()
        self._numbers = itertools.count()

    @contextmanager
    def up_to_date(self) -> Iterator[float]:
        """Hold the lock, with everything ready that time has made ready; gives the seconds since the epoch."""
        with self.changed:
            now, tick = clock.time(), clock.monotonic()
            for queue in self.queues.values():
                queue.refresh(now, tick)
            yield now
            self.changed.notify_all()

    def queue(self, name: str) -> MemoryQueue:
        """The queue of that name, made if there is none."""
        return self.queues.setdefault(name, MemoryQueue(name))

    def entry(self, message: Message, history: tuple[Death, ...] = ()) -> Entry:
        """The message with a place behind all others."""
        return Entry(next(self._numbers), message, history=history)

    def lease(self, holder: object, names: Sequence[str], limit: int, lease_s: float) -> list[Delivery]:
        """Up to `limit` messages, one from each queue in turn for as long as there are any."""
        now, tick = clock.time(), clock.monotonic()
        turns = deque(self.queues[name] for name in names if name in self.queues)
        for queue in turns:
            queue.refresh(now, tick)
        taken: list[Delivery] = []
        while turns and len(taken) < limit:
            queue = turns.popleft()
            if delivery := queue.lease(holder, tick + lease_s, now):
                taken.append(delivery)
                turns.append(queue)
        return taken

    def seconds_to_next(self, names: Sequence[str]) -> float:
        """How long nothing will come to these queues by itself."""
        now, tick = clock.time(), clock.monotonic()
        times = (self.queues[name].next_change(now, tick) for name in names if name in self.queues)
        return min(times, default=float("inf"))
