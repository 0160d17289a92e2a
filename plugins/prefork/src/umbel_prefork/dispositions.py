"""What signals do in the template and in the children. The worker's own handlers run in neither."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: What a terminal, a supervisor or an operator sends to a whole group. The template outlives it, and ends with the
#: worker.
_SENT_TO_GROUPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)

#: Raises SoftTimeLimitExceeded in a child, as in Celery.
SOFT_LIMIT = signal.SIGUSR1


@contextmanager
def held_back() -> Iterator[None]:
    """Signals that arrive inside wait until the end, so that none meets a process that is half set up."""
    before = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def forget_handlers() -> None:
    """In the template: what the worker handles gets its default again; what it ignores stays ignored (`nohup`)."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def shield() -> dict[int, Any]:
    """In the template: be deaf to what is sent to the whole group. Returns what `expose` needs to undo it."""
    return {number: signal.signal(number, signal.SIG_IGN) for number in _SENT_TO_GROUPS}


def expose(before: dict[int, Any], soft_limit: Callable[[int, FrameType | None], None]) -> None:
    """In a child: signals do again what they did before `shield`, but for those that the pool uses itself.

    SIGINT is ignored, because Ctrl-C in a terminal reaches every process and the worker decides what it means.
    SIGTERM kills: it is how one running task is terminated.
    """
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, disposition in before.items():
        # None: a handler that was not installed by Python code (faulthandler).
        signal.signal(number, signal.SIG_DFL if disposition is None else disposition)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(SOFT_LIMIT, soft_limit)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
