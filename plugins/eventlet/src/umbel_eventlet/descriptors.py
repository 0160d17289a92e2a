"""`os.read` and `os.write` for greenlets, also where they must not wait.

Eventlet's wait for any descriptor until it is ready. One that was made non-blocking is used by somebody who wants to
hear `BlockingIOError` instead, perhaps in a signal handler.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, cast

from eventlet import debug, patcher

Call = Callable[[int, Any], Any]
_MARK = "umbel_knows_non_blocking"


def complete() -> None:
    """After eventlet's own patch."""
    real = patcher.original("os")
    for name in ("read", "write"):
        green: Call = getattr(os, name)
        if not hasattr(green, _MARK):
            setattr(cast("Any", os), name, _either(green, getattr(real, name)))
    # Threads may wait for one descriptor together, and libraries that were written for threads do.
    debug.hub_prevent_multiple_readers(False)


def _either(green: Call, real: Call) -> Call:
    def call(fd: int, what: Any, /) -> Any:
        return (green if os.get_blocking(fd) else real)(fd, what)

    setattr(call, _MARK, True)
    return call
