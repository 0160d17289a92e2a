"""Signals: their handlers may do what they may in the main thread, and what they raise comes out there.

Python runs a handler between two steps of whatever greenlet runs just now, be it the hub, in which nothing may wait, or
one of the worker's threads, which would die of what the handler raises. So only in the main greenlet it is called at
once, elsewhere in a greenlet of its own; and whoever was interrupted, perhaps a task that never waits, is held up until
that and what it sets going have had their turn.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, cast

import gevent
from greenlet import getcurrent

Handler = Callable[[int, FrameType | None], Any]
#: Seconds for which a greenlet is held up by a signal.
PAUSE_S = 0.1
_MARK = "umbel_contained"


def contain() -> None:
    """See to it for all handlers that are installed from now on."""
    if not hasattr(signal.signal, _MARK):
        cast("Any", signal).signal = _containing(signal.signal)


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
        hub, current = gevent.get_hub(), getcurrent()
        if current is hub.parent:
            handler(number, frame)
            return
        gevent.spawn(_handle_aside, handler, number, frame)
        if current is not hub:
            gevent.sleep(PAUSE_S)

    setattr(handle, _MARK, True)
    return handle


def _handle_aside(handler: Handler, number: int, frame: FrameType | None) -> None:
    hub = gevent.get_hub()
    try:
        handler(number, frame)
    except BaseException as error:
        hub.loop.run_callback(hub.parent.throw, error)
