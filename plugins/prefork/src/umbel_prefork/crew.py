"""The children at work: one turn after the other, hear them, time them, feed them, replace them."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Sequence

from umbel import clock
from umbel.contracts.pool import PoolSettings, Runner
from umbel.exceptions import PermanentError
from umbel_prefork import reaper
from umbel_prefork.census import Child, Ticket
from umbel_prefork.channel import FAILED, FULL, MISSED, READY
from umbel_prefork.deadlines import NEVER, Deadlines
from umbel_prefork.dispatch import LINGER_S, Dispatch, Happening
from umbel_prefork.exits import describe
from umbel_prefork.nursery import Nursery
from umbel_prefork.reports import Report
from umbel_prefork.waiting import WRITABLE, Waiter

#: No wait is longer, so that a deadline is heeded which another thread has set meanwhile.
TICK_S = 1.0

_log = logging.getLogger("umbel.pool")


class Crew:
    """`turn` is called by one thread; everybody else takes `lock` first."""

    def __init__(self, settings: PoolSettings) -> None:
        self.lock = threading.Lock()
        #: The thread in `turn` waits, and has to be interrupted if there is something for it to do.
        self.waiting = False
        self.deadlines = Deadlines()
        self.dispatch = Dispatch(self.deadlines, settings.concurrency, settings.max_tasks_per_child)
        self.nursery = Nursery(settings)
        self.waiter = Waiter()
        self._owners: dict[int, Child] = {}
        self._is_init = reaper.needed()
        #: Why the pool cannot go on.
        self.failure: PermanentError | None = None

    def start(self, runner: Runner) -> None:
        """Returns when every child is ready. Raises PermanentError."""
        self.waiter.add(self.nursery.open(runner))
        while self.nursery.ready < self.nursery.wanted:
            self.turn(None)
            error = self.failure or self.nursery.give_up(starting=True)
            if error is not None:
                raise error

    def close(self) -> None:
        """End whoever is left, at once."""
        self.nursery.close()
        self.waiter.close()

    def submit(self, tickets: Sequence[Ticket]) -> None:
        """Under the lock. Idle children get their jobs at once: that saves a change of threads."""
        self.dispatch.submit(tickets, clock.monotonic())
        if self.waiting and any(child.channel.unsent for child in self.dispatch.fed):
            self.waiter.interrupt()

    # One turn

    def turn(self, timeout_s: float | None) -> list[Happening]:
        """Wait until something happens, at most `timeout_s` seconds and `TICK_S`, and deal with it."""
        with self.lock:
            now = clock.monotonic()
            self._order_births(now)
            self._watch_unsent()
            wait_s = self.deadlines.within(TICK_S if timeout_s is None else min(timeout_s, TICK_S), now)
            self.waiting = wait_s > 0
            linger = self.waiting and self.dispatch.all_in_full_swing(self.nursery.children.values())
        if linger:
            self.waiter.pause(LINGER_S)
        ready = self.waiter.wait(wait_s)
        with self.lock:
            self.waiting = False
            now = clock.monotonic()
            for fd, mask in ready:
                self._serve(fd, mask, now)
            if self.deadlines.begin_round(now):
                self._round(now)
            self.dispatch.use_idle(now)
            happened, self.dispatch.happened = self.dispatch.happened, []
        if self._is_init:
            reaper.bury_orphans(but=self.nursery.template_pid)
        return happened

    def _order_births(self, now: float) -> None:
        for child in self.nursery.births(now):
            self._owners[child.channel.fileno()] = child
            self.waiter.add(child.channel.fileno())
            self.deadlines.note(child.patience_ends)
        if self.nursery.changed:
            self.deadlines.note(self.nursery.not_before)

    def _watch_unsent(self) -> None:
        for child in self.dispatch.fed:
            if child.channel.unsent and child.channel.fileno() in self._owners:
                self.waiter.write_too(child.channel.fileno(), True)
        self.dispatch.fed.clear()

    def _serve(self, fd: int, mask: int, now: float) -> None:
        child = self._owners.get(fd)
        if child is None:
            if self.nursery.control is not None and fd == self.nursery.control.fileno():
                self._hear_template(now)
        elif fd == child.pidfd:
            self._bury(child, None, now)
        else:
            if mask & WRITABLE:
                if child.channel.flush() and not child.running:
                    child.attend(now, running=False)  # a huge job takes its time, but gets there
                self.waiter.write_too(fd, child.channel.unsent)
            if mask & ~WRITABLE:
                self._hear(child, now)

    def _round(self, now: float) -> None:
        for child in list(self.nursery.children.values()):
            if now >= child.patience_ends:
                self._lose_patience(child, now)
            else:
                self.dispatch.look_after(child, now)
            self.deadlines.note(child.next_moment())

    # What a child says

    def _hear(self, child: Child, now: float) -> None:
        for number, payload in child.channel.receive():
            self._take(child, number, payload, now)
        if child.channel.end is not None:
            self._cut_off(child, now)
        elif child.retiring:
            self.retire(child, now)
        elif self.dispatch.used_up(child) and not child.jobs:
            self.retire(child, now)
        else:
            self.dispatch.feed(child, now)

    def _take(self, child: Child, number: int, payload: bytes, now: float) -> None:
        if number:
            self.dispatch.told(child, number, payload, now)
        elif payload.startswith(READY):
            child.born(int(payload[len(READY) :]))  # this may come before the template's report
            child.ready = True
            child.patience_ends = NEVER
            self.nursery.succeeded()
        elif payload == MISSED:
            child.stalled = False
        elif payload == FULL:
            self.dispatch.corner(child)
            child.retiring = True
        elif payload.startswith(FAILED):
            child.complaint = payload[len(FAILED) :].decode(errors="replace")
        else:
            child.channel.end = f"it sent a notice that is not known: {payload[:40]!r}"

    def retire(self, child: Child, now: float) -> None:
        """No more jobs for it; it ends when it has none."""
        self.dispatch.idle.pop(child.number, None)
        child.retiring = True
        self.nursery.changed = True
        if not child.jobs and not child.dismissed:
            child.dismiss(now)
            self.deadlines.note(child.patience_ends)

    def _cut_off(self, child: Child, now: float) -> None:
        """A child that cannot be heard is of no use any more, even if it lives."""
        self.dispatch.idle.pop(child.number, None)
        self._forget_fd(child.channel.fileno())
        child.kill(now)
        self.deadlines.note(child.patience_ends)
        if self.nursery.control is None and child.pidfd is None:
            self._bury(child, None, now)

    def _lose_patience(self, child: Child, now: float) -> None:
        if child.killed:
            self._bury(child, None, now)
        elif child.pid:
            child.complaint = child.complaint or "it took too long"
            child.kill(now)
        else:  # the template does not answer
            child.patience_ends = NEVER
            self.nursery.signal_template(signal.SIGKILL)

    # What the template says

    def _hear_template(self, now: float) -> None:
        reports = self.nursery.reports()
        if reports is None:
            self._do_without_template(now)
            return
        for report in reports:
            self._heed(report, now)

    def _heed(self, report: Report, now: float) -> None:
        child = self.nursery.children.get(report.number)
        if child is None:
            return
        if report.status is None:
            child.born(report.pid)
            if child.killed:  # before it had a pid
                child.signal(signal.SIGKILL)
        elif not report.pid:
            child.complaint = f"no process could be forked: {os.strerror(report.status)}"
            self._bury(child, None, now)
        else:
            self._bury(child, report.status, now)

    def _bury(self, child: Child, status: int | None, now: float) -> None:
        for number, payload in child.channel.drain():
            self._take(child, number, payload, now)
        how = describe(status)
        if not child.ready and not child.retiring:
            self.nursery.failed(f"{how}; {child.complaint}" if child.complaint else how, now)
        elif not child.dismissed and child.verdict is None:
            _log.error("Process %s exited with %r", child.name, how)
        self.dispatch.bury(child, how)
        self._forget_fd(child.channel.fileno())
        if child.pidfd is not None:
            self._forget_fd(child.pidfd)
        self.nursery.remove(child)
        self.failure = self.failure or self.nursery.give_up(starting=False)

    def _forget_fd(self, fd: int) -> None:
        if self._owners.pop(fd, None) is not None:
            self.waiter.remove(fd)

    def _do_without_template(self, now: float) -> None:
        """The children work on, and are watched one by one, but none can be replaced: the worker has to end."""
        assert self.nursery.control is not None
        self.waiter.remove(self.nursery.control.fileno())
        how = describe(self.nursery.bury_template())
        self.failure = PermanentError(
            f"the process from which the prefork pool forks its children (pid {self.nursery.template_pid}) has ended: "
            f"{how}. No child can be replaced any more: start the worker again"
        )
        for child in list(self.nursery.children.values()):
            if not child.pid:
                self._bury(child, None, now)
            elif child.pidfd is not None:
                self._owners[child.pidfd] = child
                self.waiter.add(child.pidfd)
            elif child.channel.end is not None:
                self._bury(child, None, now)

    def terminate(self, key: int, number: int) -> bool:
        """Send a signal to the child that runs the job; False if none does."""
        with self.lock:
            done = any(
                self.dispatch.terminate(child, key, number) for child in self.nursery.children.values() if child.jobs
            )
        self.waiter.interrupt()
        return done

    def pids(self) -> list[int]:
        with self.lock:
            return [child.pid for child in self.nursery.children.values() if child.ready]

    def withdraw(self) -> list[Ticket]:
        """The jobs that have not begun, in order; those about to begin stay."""
        with self.lock:
            back = self.dispatch.backlog.clear()
            for child in self.nursery.children.values():
                back += child.take_back()
        return sorted(back, key=lambda ticket: ticket.order)

    # The end

    def wind_up(self) -> None:
        """Children end when they have no jobs, and there will be no others."""
        with self.lock:
            now = clock.monotonic()
            self.nursery.wanted = 0
            for child in self.nursery.children.values():
                self.retire(child, now)

    def kill(self, error: BaseException) -> None:
        """Kill every child; `error` is what is said of the jobs that run."""
        with self.lock:
            now = clock.monotonic()
            for child in self.nursery.children.values():
                child.verdict = child.verdict or error
                child.kill(now)
                self.deadlines.note(child.patience_ends)

    def resize(self, size: int) -> None:
        """Change the number of children; the busy ones that are too many finish their jobs."""
        with self.lock:
            now = clock.monotonic()
            self.nursery.wanted = self.dispatch.size = size
            self.nursery.changed = True
            staying = [child for child in self.nursery.children.values() if not child.retiring]
            staying.sort(key=lambda child: len(child.jobs))
            for child in staying[: max(0, len(staying) - size)]:
                self.retire(child, now)
        self.waiter.interrupt()
