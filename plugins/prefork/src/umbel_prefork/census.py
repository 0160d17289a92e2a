"""What the worker knows of its children, and of the jobs that it has given them."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Sequence

from umbel.model.job import Job
from umbel_prefork.channel import STOP, Channel, frame
from umbel_prefork.claims import Claims
from umbel_prefork.deadlines import NEVER

#: Tasks that take less than this on average are given out in batches: the hand-over takes longer than the task.
TINY_S = 0.001
#: After so many seconds behind a job that was expected to be short, the jobs behind it go to other children.
CLOG_S = 0.010
#: A child that has neither begun its job nor read of it for so long does not run (stopped, or starved): another one
#: gets the job.
CLAIM_S = 1.0
#: How long a child may take to end in order before it is killed.
EXIT_S = 10.0
#: How long a killed child may take to be reported dead before it is counted as dead. It is usually a millisecond, but
#: for a process that hangs in the operating system.
BURIAL_S = 5.0


class Ticket:
    """A job in the pool's hands."""

    __slots__ = ("job", "number", "order", "payload")

    def __init__(self, job: Job, payload: bytes) -> None:
        self.job = job
        #: Its place among all that were submitted.
        self.order = 0
        #: The job as it travels.
        self.payload = payload
        #: Under which it was last given to a child; grows with every gift.
        self.number = 0


class Child:
    """What the worker holds of one child. The first of `jobs` runs, or is about to begin; the others wait behind it."""

    __slots__ = (
        "channel",
        "claims",
        "complaint",
        "dismissed",
        "given",
        "hard_at",
        "jobs",
        "killed",
        "look_at",
        "number",
        "pace_s",
        "patience_ends",
        "pid",
        "pidfd",
        "ready",
        "refill_at",
        "retiring",
        "running",
        "since",
        "soft_at",
        "stalled",
        "verdict",
    )

    def __init__(self, number: int, channel: Channel, claims: Claims) -> None:
        self.number = number
        self.channel = channel
        self.claims = claims
        self.pid = 0
        self.pidfd: int | None = None
        self.jobs: deque[Ticket] = deque()
        #: The first of them has begun.
        self.running = False
        #: How many jobs it was given in its life.
        self.given = 0
        #: What each of its jobs is expected to take, in seconds.
        self.pace_s = 0.0
        #: More tiny jobs may be put behind its tiny jobs when so few are left.
        self.refill_at = 0
        self.ready = False
        #: It gets no more jobs, and STOP when it has none.
        self.retiring = False
        self.dismissed = False
        self.killed = False
        #: It has not begun what it was given: it gets nothing more until it shows a sign of life.
        self.stalled = False
        #: What is to be said of the running job if the child dies now.
        self.verdict: BaseException | None = None
        #: Why it could not become ready, as far as is known.
        self.complaint = ""
        #: Moments (monotonic seconds): when the first job was given or began; when to look whether it holds up others;
        #: its limits; when to give up waiting for the child to become ready, or to end.
        self.since = 0.0
        self.look_at = self.soft_at = self.hard_at = self.patience_ends = NEVER

    @property
    def accepts(self) -> bool:
        return self.ready and not self.retiring and not self.stalled and self.channel.end is None

    @property
    def tiny(self) -> bool:
        return self.pace_s < TINY_S

    @property
    def name(self) -> str:
        return f"'ForkPoolWorker-{self.number}' pid:{self.pid}"

    def born(self, pid: int) -> None:
        self.pid = pid
        if self.pidfd is None and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self.pidfd = os.pidfd_open(pid)

    def give(self, tickets: Sequence[Ticket]) -> None:
        # First the claims: a child that has read a job looks for its claim at once.
        self.claims.offer([ticket.number for ticket in tickets])
        self.channel.send(b"".join([frame(ticket.number, ticket.payload) for ticket in tickets]))
        self.jobs.extend(tickets)
        self.given += len(tickets)
        self.refill_at = len(self.jobs) // 2

    def take_back(self) -> list[Ticket]:
        """The jobs that the child has not claimed, in order. It is not going to begin them."""
        numbers = self.claims.withdraw()
        if not numbers:
            return []
        back = [ticket for ticket in self.jobs if ticket.number in numbers]
        for _ in back:
            self.jobs.pop()
        self.given -= len(back)
        if not self.jobs:
            self.stalled = True
            self.attend(self.since, False)
        return back

    def attend(self, now: float, running: bool) -> float:
        """There is another first of `jobs`, or none, or it has begun. Returns when to look after the child next."""
        self.since = now
        self.running = running
        self.verdict = None
        self.look_at = self.soft_at = self.hard_at = NEVER
        if running:
            if len(self.jobs) > 1:
                self.look_at = now + CLOG_S
            self.start_limits(now)
        elif self.jobs:
            self.look_at = now + CLAIM_S
        return self.next_moment()

    def start_limits(self, now: float) -> None:
        job = self.jobs[0].job
        if job.time_limit is not None:
            self.hard_at = now + job.time_limit
        if job.soft_time_limit is not None:
            self.soft_at = now + job.soft_time_limit

    def next_moment(self) -> float:
        return min(self.look_at, self.soft_at, self.hard_at, self.patience_ends)

    def dismiss(self, now: float) -> None:
        """Tell an idle child to end in order."""
        self.dismissed = True
        self.channel.send(frame(0, STOP))
        self.patience_ends = now + EXIT_S

    def kill(self, now: float) -> None:
        """The child must end at once, whatever it does."""
        if not self.killed:
            self.killed = True
            self.patience_ends = now + BURIAL_S
            self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens if the process is gone."""
        with contextlib.suppress(ProcessLookupError):
            if self.pidfd is not None:
                signal.pidfd_send_signal(self.pidfd, number)
            elif self.pid:
                os.kill(self.pid, number)

    def close(self) -> None:
        self.channel.close()
        self.claims.close()
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
