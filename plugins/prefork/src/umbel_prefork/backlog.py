"""The jobs that no child has yet, and how many of them a child gets at once."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Reversible

from umbel_prefork.census import TINY_S, Ticket

#: A batch is worth about this much time …
BATCH_S = 0.005
#: … and has at most this many jobs, and bytes: less than a socket takes at once.
BATCH_MOST = 200
BATCH_BYTES = 100_000
#: Part of the newest run in the average of a task's runs.
_WEIGHT = 0.2
#: What every job costs, however little it does.
_LEAST_S = 0.00002


class Backlog:
    """A queue, first in first out, that learns how long each task takes."""

    def __init__(self) -> None:
        self._waiting: deque[Ticket] = deque()
        self._order = itertools.count(1)
        self._average_s: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, tickets: Iterable[Ticket]) -> None:
        for ticket in tickets:
            ticket.order = next(self._order)
            self._waiting.append(ticket)

    def put_back(self, tickets: Reversible[Ticket]) -> None:
        """Jobs that were taken and not begun: they are the next."""
        self._waiting.extendleft(reversed(tickets))

    def clear(self) -> list[Ticket]:
        tickets = list(self._waiting)
        self._waiting.clear()
        return tickets

    def learn(self, task: str, runtime_s: float) -> None:
        before = self._average_s.get(task, runtime_s)
        self._average_s[task] = before + _WEIGHT * (runtime_s - before)

    def next_is_tiny(self) -> bool:
        return self._cost_s(self._waiting[0]) < TINY_S

    def take(self, most: int) -> tuple[list[Ticket], float]:
        """What one child gets now: one job, or up to `most` (at least 1) tiny ones; and the seconds each is to take."""
        waiting = self._waiting
        first = waiting.popleft()
        batch = [first]
        total_s, total_bytes = self._cost_s(first), len(first.payload)
        if total_s >= TINY_S:
            return batch, total_s
        while waiting and len(batch) < most:
            cost_s, size = self._cost_s(waiting[0]), len(waiting[0].payload)
            if cost_s >= TINY_S or total_s + cost_s > BATCH_S or total_bytes + size > BATCH_BYTES:
                break
            batch.append(waiting.popleft())
            total_s += cost_s
            total_bytes += size
        return batch, total_s / len(batch)

    def _cost_s(self, ticket: Ticket) -> float:
        # What has never run may take for ever.
        return max(self._average_s.get(ticket.job.task, TINY_S), _LEAST_S)
