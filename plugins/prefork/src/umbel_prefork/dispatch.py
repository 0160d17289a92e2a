"""Which child gets which job, and what is known when it answers, falls silent, or dies."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import NamedTuple

from umbel.exceptions import SoftTimeLimitExceeded, Terminated, TimeLimitExceeded, WorkerLostError
from umbel.model.job import Finished, Job, Started
from umbel_prefork.backlog import BATCH_MOST, Backlog
from umbel_prefork.census import CLOG_S, Child, Ticket
from umbel_prefork.channel import BEGUN
from umbel_prefork.codec import decode_outcome
from umbel_prefork.deadlines import NEVER, Deadlines
from umbel_prefork.dispositions import SOFT_LIMIT
from umbel_prefork.exits import describe

#: While every busy child is in the middle of a batch of tiny jobs, their answers may gather for so long: to wake up for
#: each costs more than the job.
LINGER_S = 0.001


class Lost(NamedTuple):
    """A job that had begun and will not end; the runner makes an outcome of it."""

    job: Job
    error: BaseException


Happening = Started | Finished | Lost


class Dispatch:
    """Everything here runs under the pool's lock."""

    def __init__(self, deadlines: Deadlines, size: int, jobs_per_child: int | None) -> None:
        self._deadlines = deadlines
        self._jobs_per_child = jobs_per_child
        self._numbers = itertools.count(1)
        #: How many children share the work.
        self.size = size
        self.backlog = Backlog()
        self.idle: dict[int, Child] = {}
        #: What `Pool.events` will tell.
        self.happened: list[Happening] = []
        #: The children that were given something, for the caller to see whether all of it went out.
        self.fed: list[Child] = []

    def submit(self, tickets: Iterable[Ticket], now: float) -> None:
        self.backlog.add(tickets)
        self.use_idle(now)

    def use_idle(self, now: float) -> None:
        # The child that became idle last has the warmest caches, and the others may be swapped out.
        while self.backlog and self.idle:
            self.feed(self.idle.popitem()[1], now)

    def used_up(self, child: Child) -> bool:
        return self._jobs_per_child is not None and child.given >= self._jobs_per_child

    def feed(self, child: Child, now: float) -> None:
        """Give the child what it can begin now, or, while it does tiny jobs, next."""
        if not child.accepts or self.used_up(child):
            return
        if not self.backlog:
            if not child.jobs:
                self.idle[child.number] = child
            return
        if child.jobs and not (child.tiny and len(child.jobs) <= child.refill_at and self.backlog.next_is_tiny()):
            return
        tickets, child.pace_s = self.backlog.take(self._room(child))
        self._give(child, tickets, now)

    def _give(self, child: Child, tickets: list[Ticket], now: float) -> None:
        for ticket in tickets:
            ticket.number = next(self._numbers)
        begins = not child.jobs
        child.give(tickets)
        self.fed.append(child)
        if begins:
            self._deadlines.note(child.attend(now, running=False))
        elif child.running:
            child.look_at = min(child.look_at, child.since + CLOG_S)
            self._deadlines.note(child.look_at)

    def _room(self, child: Child) -> int:
        fair_share = -(-len(self.backlog) // self.size)
        room = min(fair_share, BATCH_MOST - len(child.jobs))
        if self._jobs_per_child is not None:
            room = min(room, self._jobs_per_child - child.given)
        return room

    def told(self, child: Child, number: int, payload: bytes, now: float) -> None:
        """The child has begun, or ended, its first job."""
        if not child.jobs or child.jobs[0].number != number or child.running == (payload == BEGUN):
            child.channel.end = f"it spoke of job number {number} out of turn"
        elif payload == BEGUN:
            self.happened.append(Started(child.jobs[0].job.key, child.pid))
            self._deadlines.note(child.attend(now, running=True))
        else:
            self._ended(child, payload, now)

    def _ended(self, child: Child, payload: bytes, now: float) -> None:
        try:
            outcome = decode_outcome(payload)
        except Exception as error:  # only garbage cannot be decoded
            child.channel.end = f"its answer cannot be decoded: {error!r}"
            return
        job = child.jobs.popleft().job
        if outcome is None:
            self.happened.append(Lost(job, SoftTimeLimitExceeded(job.soft_time_limit)))
        else:
            self.happened.append(Finished(job.key, outcome))
            self.backlog.learn(job.task, outcome.runtime_s)
        self._deadlines.note(child.attend(now, running=False))

    def corner(self, child: Child) -> bool:
        """Take back what waits behind the child's job. True: it is in its first job and cannot begin another one.

        False: it has moved on already, and its answer is on the way; or it had not begun at all.
        """
        self.backlog.put_back(child.take_back())
        return len(child.jobs) == 1

    def look_after(self, child: Child, now: float) -> None:
        """Do what is due for the child's job: look whether it was begun, soft limit, hard limit."""
        if now < child.next_moment() or not child.jobs:
            return
        cornered = self.corner(child)
        child.look_at = NEVER
        if now >= child.hard_at:
            child.hard_at = child.soft_at = NEVER
            if cornered:
                child.verdict = TimeLimitExceeded(child.jobs[0].job.time_limit)
                child.kill(now)
        elif now >= child.soft_at:
            child.soft_at = NEVER
            if cornered:
                child.signal(SOFT_LIMIT)
        elif child.jobs and not child.running:  # claimed, so it must begin, or is over its limit
            child.start_limits(now)

    def all_in_full_swing(self, children: Iterable[Child]) -> bool:
        """Every child that has jobs has tiny ones, and enough of them that nobody need listen for `LINGER_S`."""
        busy = False
        for child in children:
            if child.jobs:
                busy = True
                if not child.tiny or len(child.jobs) * child.pace_s < 2 * LINGER_S:
                    return False
        return busy

    def terminate(self, child: Child, key: int, number: int) -> bool:
        """Send a signal to the child if it is in the job `key`."""
        if not child.running or child.jobs[0].job.key != key or not self.corner(child):
            return False
        child.verdict = Terminated(describe(-number))
        child.signal(number)
        return True

    def bury(self, child: Child, how: str) -> None:
        """The child is dead, and its last words were heard: pass on what it had not begun, give up what it had."""
        self.idle.pop(child.number, None)
        self.backlog.put_back(child.take_back())
        if child.running:
            job = child.jobs.popleft().job
            text = f"Worker exited prematurely: {how} Job: {job.key}."
            self.happened.append(Lost(job, child.verdict or WorkerLostError(text)))
        # A job that was claimed and has not begun never will: the child says that it begins before it does.
        self.backlog.put_back(child.jobs)
        child.jobs.clear()
