"""When whose time is over."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from umbel.model.job import Job
from umbel_asyncio.line import Limited, Line


class Deadline(NamedTuple):
    #: By `clock.monotonic()`.
    moment: float
    key: int
    is_hard: bool


class Deadlines:
    """Of the jobs that run in `line`; used by one thread. Nearly all jobs end long before: their deadlines are thrown
    out when they are most of what is here."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._heap: list[Deadline] = []
        self._enough = 1000

    def add(self, limited: Limited) -> None:
        job = limited.job
        for limit_s, is_hard in ((job.soft_time_limit, False), (job.time_limit, True)):
            if limit_s is not None:
                heapq.heappush(self._heap, Deadline(limited.begun + limit_s, job.key, is_hard))
        if len(self._heap) > self._enough:
            self._heap = [each for each in self._heap if self._line.find(each.key) is not None]
            heapq.heapify(self._heap)
            self._enough = 2 * len(self._heap) + 1000

    def within(self, timeout_s: float | None, now: float) -> float | None:
        """How long to wait, at most `timeout_s`, so as to be back for the next one."""
        if not self._heap:
            return timeout_s
        left_s = max(0.0, self._heap[0].moment - now)
        return left_s if timeout_s is None else min(left_s, timeout_s)

    def over(self, now: float) -> Iterator[tuple[Job, bool]]:
        """The jobs that run and whose time is over, each with whether it is the hard limit; they are said once."""
        while self._heap and self._heap[0].moment <= now:
            deadline = heapq.heappop(self._heap)
            job = self._line.find(deadline.key)
            if job is not None:
                yield job, deadline.is_hard
