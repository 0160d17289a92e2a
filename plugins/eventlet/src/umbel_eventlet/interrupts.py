"""Signals: their handlers may do what they may in the main thread, and what they raise comes out there.

Python runs a handler between two steps of whatever greenlet runs just now, be it the hub, in which nothing may wait, or
one of the worker's threads, which would die of what the handler raises. So only in the main greenlet it is called at
once, elsewhere in a greenlet of its own; and whoever was interrupted, perhaps a task that never waits, is held up until
that and what it sets going have had their turn.
"""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import eventlet
from eventlet import hubs
from greenlet import getcurrent, greenlet

Handler = Callable[[int, FrameType | None], Any]
#: Seconds for which a greenlet is held up by a signal.
PAUSE_S = 0.1
_MARK = "umbel_contained"


def contain() -> None:
    """See to it for all handlers that are installed from now on. Must be called in the main thread."""
    if not hasattr(signal.signal, _MARK):
        cast("Any", signal).signal = _containing(signal.signal)
        _wake_the_hub()


def _containing(install: Callable[[int, Any], Any]) -> Callable[[int, Any], Any]:
    @functools.wraps(install)
    def install_contained(number: int, handler: Any) -> Any:
        is_ours = not callable(handler) or handler is signal.default_int_handler or hasattr(handler, _MARK)
        return install(number, handler if is_ours else _contained(handler))

    setattr(install_contained, _MARK, True)
    return install_contained


def _contained(handler: Handler) -> Handler:
    @functools.wraps(handler)
    def handle(number: int, frame: FrameType | None) -> None:
        current = getcurrent()
        if current is _main():
            handler(number, frame)
            return
        eventlet.spawn(_handle_aside, handler, number, frame)
        if current is not hubs.get_hub().greenlet:
            eventlet.sleep(PAUSE_S)

    setattr(handle, _MARK, True)
    return handle


def _handle_aside(handler: Handler, number: int, frame: FrameType | None) -> None:
    try:
        handler(number, frame)
    except BaseException as error:
        hubs.get_hub().schedule_call_global(0, _main().throw, error)


def _main() -> greenlet:
    current: greenlet = getcurrent()
    while current.parent is not None:
        current = current.parent
    return current


def _wake_the_hub() -> None:
    """Python goes on to wait when a handler has returned; what that has set going must begin at once."""
    read, write = os.pipe()
    for descriptor in (read, write):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    eventlet.spawn_n(_listen, read)


def _listen(read: int) -> None:
    while True:
        hubs.trampoline(read, read=True)
        os.read(read, 4096)
