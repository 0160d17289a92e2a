"""A child: takes jobs from its channel, one after the other, and answers each as it ends."""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import socket
import sys
import traceback
from collections import deque
from types import FrameType
from typing import Any, NoReturn

from umbel.contracts.pool import PoolSettings, Runner
from umbel.exceptions import SoftTimeLimitExceeded
from umbel.model.job import Outcome
from umbel_prefork import dispositions
from umbel_prefork.channel import BEGUN, FAILED, FULL, MISSED, READY, STOP, Channel, Frame, frame
from umbel_prefork.claims import Claimant
from umbel_prefork.codec import decode_job, encode_outcome
from umbel_prefork.reports import Order


class ChildProcess:
    """What one child does from its birth to its end."""

    def __init__(self, runner: Runner, settings: PoolSettings, order: Order) -> None:
        self._runner = runner
        self._memory = Memory(settings.max_memory_per_child_kib)
        self._channel = Channel(socket.socket(fileno=order.channel), blocking=True)
        self._claimant = Claimant(order.claims)
        self._hand: deque[Frame] = deque()
        self._missed = False
        self._told_to_stop = False
        self._running = False
        self._limit: float | None = None
        self._pid = os.getpid()

    def get_ready(self) -> None:
        try:
            self._runner.process_started()
        except BaseException as error:
            self._channel.send(frame(0, FAILED + f"{type(error).__name__}: {error}".encode()))
            raise
        self._channel.send(frame(0, READY + str(self._pid).encode()))

    def serve(self) -> None:
        """Run jobs until the worker says STOP, or is gone."""
        while True:
            claimed = self._claim_next()
            if claimed is not None:
                self._channel.send(frame(claimed[0], BEGUN))
                self._work_off(claimed)
            if self._told_to_stop:
                self._runner.process_stopping()
                return
            if self._missed:
                self._missed = False
                self._channel.send(frame(0, MISSED))
            self._hand.extend(self._channel.receive())
            if self._channel.end is not None:
                return

    def _claim_next(self) -> Frame | None:
        """The next job in hand that was not withdrawn. It is claimed, so it must begin."""
        while self._hand:
            number, payload = self._hand.popleft()
            if number == 0:
                self._told_to_stop = payload == STOP
            elif not self._memory.full and self._claimant.claim(number):
                return number, payload
            else:
                self._missed = True
        return None

    def _work_off(self, claimed: Frame) -> None:
        """Run a job and those behind it.

        The worker hears that a job has ended and that the next one has begun in one breath, and before the next one
        does anything: so it always knows which jobs are lost if this process dies, and which another one may run.
        """
        then: Frame | None = claimed
        while then is not None:
            number, payload = then
            news = frame(number, encode_outcome(self._run(payload)))
            if self._memory.is_over_limit():
                news += frame(0, FULL)
            then = self._claim_next()
            if then is not None:
                news += frame(then[0], BEGUN)
            self._channel.send(news)

    def _run(self, payload: bytes) -> Outcome | None:
        job = decode_job(payload)
        outcome: Outcome | None = None
        self._limit = job.soft_time_limit
        try:
            self._running = True
            outcome = self._runner.run(job)
            self._running = False
        except SoftTimeLimitExceeded:
            # It struck before the runner had begun, or after it had done with the task.
            self._running = False
        if os.getpid() != self._pid:  # the task has forked, and its copy of this process came back through the task
            os._exit(0)
        return outcome

    def soft_limit(self, number: int, at: FrameType | None) -> None:
        """The handler of the signal that the worker sends when the soft limit of the running job is over."""
        if self._running:
            self._running = False
            raise SoftTimeLimitExceeded(self._limit)


class Memory:
    """How much of it this process holds."""

    def __init__(self, limit_kib: int | None) -> None:
        self._limit_kib = limit_kib
        self._page_kib = resource.getpagesize() // 1024
        self._statm: int | None = None
        #: The limit was passed: no more jobs.
        self.full = False
        if limit_kib is not None:
            with contextlib.suppress(OSError):
                self._statm = os.open("/proc/self/statm", os.O_RDONLY)

    def is_over_limit(self) -> bool:
        if self._limit_kib is not None:
            self.full = self._resident_kib() > self._limit_kib
        return self.full

    def _resident_kib(self) -> int:
        if self._statm is not None:
            return int(os.pread(self._statm, 128, 0).split()[1]) * self._page_kib
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // 1024 if sys.platform == "darwin" else peak


def main(runner: Runner, settings: PoolSettings, order: Order, signals: dict[int, Any]) -> NoReturn:
    """The life of a child; `signals` is what `dispositions.shield` returned."""
    code, pid = 1, os.getpid()
    try:
        name_process(order.number)
        child = ChildProcess(runner, settings, order)
        dispositions.expose(signals, child.soft_limit)
        child.get_ready()
        child.serve()
        code = 0
    except (BrokenPipeError, ConnectionResetError):  # the worker is gone
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        if os.getpid() == pid:
            traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code & 0xFF)


def name_process(number: int) -> None:
    """The name that `%(processName)s` shows in logs, with Celery's words, and the one that `ps` and `top` show."""
    name = f"ForkPoolWorker-{number}"
    make_record = logging.getLogRecordFactory()

    # Logging asks multiprocessing for it, if somebody has imported that, which is much to import for a name.
    def named_record(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make_record(*arguments, **named)
        record.processName = name
        return record

    logging.setLogRecordFactory(named_record)
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as comm:
        comm.write(f"umbel-child-{number}")
