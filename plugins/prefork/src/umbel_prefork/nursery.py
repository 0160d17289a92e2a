"""Births and deaths: keeps as many children alive as are wanted, and not by a fork bomb."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from functools import partial

from umbel.contracts.pool import PoolSettings, Runner
from umbel.exceptions import PermanentError
from umbel_prefork import child, dispositions
from umbel_prefork.census import Child
from umbel_prefork.channel import Channel
from umbel_prefork.claims import Claims
from umbel_prefork.reports import Order, Report
from umbel_prefork.template import Template

_log = logging.getLogger("umbel.pool")

#: Children that may be on their way into the world at the same time.
_UNBORN_MOST = 16
#: Seconds to wait before the next try after 1, 2, 3, … children that did not become ready.
_BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
#: So many failures in a row, without a child that works: something is wrong that waiting does not mend.
FAILURES_MOST = 5


class Nursery:
    """The children by number, and the template that makes them."""

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._last = 0
        self._reports = bytearray()
        self.template_pid = 0
        self.control: socket.socket | None = None
        self.children: dict[int, Child] = {}
        self.wanted = settings.concurrency
        #: Whether to count again how many are missing.
        self.changed = True
        #: Children in a row that died before they were ready, what the last one said, and when to try again.
        self.failures = 0
        self.complaint = ""
        self.not_before = 0.0

    def open(self, runner: Runner) -> int:
        """Fork the template; returns the file descriptor of its reports. The caller must have no other thread."""
        self.control, theirs = socket.socketpair()
        # What is buffered would be written again by every child.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):  # there is none, or it is closed
                stream.flush()
        # What exists now is shared with every child as long as nobody writes to it; the collector would. Collecting
        # first would leave holes for new objects in pages that are shared (docs.python.org, `gc.freeze`).
        gc.freeze()
        with dispositions.held_back():
            self.template_pid = os.fork()
            if self.template_pid == 0:
                try:
                    self.control.close()
                    Template(theirs, partial(child.main, runner, self._settings)).run()
                finally:
                    os._exit(1)
        theirs.close()
        self.control.setblocking(False)
        return self.control.fileno()

    def close(self) -> None:
        """End the template, which kills whoever is left."""
        if self.control is not None:
            self.signal_template(signal.SIGCONT)  # it may have been stopped
            self.bury_template()
        for one in list(self.children.values()):
            one.signal(signal.SIGKILL)
            self.remove(one)

    def signal_template(self, number: int) -> None:
        if self.control is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.template_pid, number)

    def bury_template(self) -> int | None:
        """Its exit status. It has closed its end of `control`, or was killed, so it is about to end."""
        assert self.control is not None
        # Not only closed: another process may hold a copy, forked from this one by somebody else.
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)
        self.control.close()
        self.control = None
        try:
            _, status = os.waitpid(self.template_pid, 0)
        except ChildProcessError:  # somebody else in this process has waited for it
            return None
        return os.waitstatus_to_exitcode(status)

    def reports(self) -> list[Report] | None:
        """What the template has told; None when it is gone."""
        assert self.control is not None
        try:
            data = self.control.recv(1 << 16)
        except BlockingIOError:
            return []
        except OSError:
            return None
        self._reports += data
        return Report.parse(self._reports) if data else None

    @property
    def ready(self) -> int:
        return sum(one.ready for one in self.children.values())

    def births(self, now: float) -> list[Child]:
        """Order the children that are missing, as far as that may be done now: see `changed` and `not_before`."""
        if not self.changed or now < self.not_before:
            return []
        self.changed = False
        if self.control is None:  # there is no template any more
            return []
        missing = self.wanted - sum(not one.retiring for one in self.children.values())
        unborn = sum(not one.ready for one in self.children.values())
        room = (1 if self.failures else _UNBORN_MOST) - unborn
        ordered: list[Child] = []
        try:
            for _ in range(min(missing, room)):
                ordered.append(self._order(self.control, now))
        except OSError as error:  # too many open files
            self.changed = True
            self.failed(f"{type(error).__name__}: {error}", now)
        return ordered

    def _order(self, control: socket.socket, now: float) -> Child:
        self._last += 1
        ours, theirs = socket.socketpair()
        one = Child(self._last, Channel(ours, blocking=False), Claims())
        try:
            Order(one.number, theirs.fileno(), one.claims.read).send(control)
        except OSError:
            one.close()
            raise
        finally:
            theirs.close()
        one.patience_ends = now + self._settings.start_timeout_s
        self.children[one.number] = one
        return one

    def remove(self, one: Child) -> None:
        del self.children[one.number]
        one.close()
        self.changed = True

    def succeeded(self) -> None:
        """A child is ready."""
        self.failures = 0
        self.complaint = ""
        self.changed = True

    def failed(self, why: str, now: float) -> None:
        """A child died before it was ready. Several that were ordered together count once."""
        _log.error("A process of the pool ended before it was ready: %s", why)
        self.complaint = self.complaint or why
        if now >= self.not_before:
            self.not_before = now + _BACK_OFF_S[min(self.failures, len(_BACK_OFF_S) - 1)]
            self.failures += 1

    def give_up(self, starting: bool) -> PermanentError | None:
        """The error that ends the pool, if there is no hope left. A pool that runs can go on with fewer children."""
        if self.failures < FAILURES_MOST or (self.ready and not starting):
            return None
        return PermanentError(
            f"the processes of the prefork pool cannot start: {self.failures} tries in a row ended before they were "
            f"ready, the first one with {self.complaint}. Mend that (its traceback is on standard error), "
            "or see it in the worker's own process with the pool 'solo'"
        )
