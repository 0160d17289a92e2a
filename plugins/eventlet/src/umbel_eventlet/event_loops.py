"""asyncio counts one running event loop for each thread; here each greenlet may have one.

So `async def` tasks and tasks that call `asyncio.run` run beside one another, each with a loop of its own. While its
loop waits for the network, other greenlets run.
"""

from __future__ import annotations

import asyncio
from asyncio import _get_running_loop, _set_running_loop
from typing import Any

from greenlet import gettrace, greenlet, settrace

#: Of greenlets that do not run just now and have one.
_suspended: dict[greenlet, asyncio.AbstractEventLoop] = {}


def keep_apart() -> None:
    """From now on, in this thread."""
    before = gettrace()
    if getattr(before, "umbel_keeps_apart", False):
        return

    def switched(event: str, args: Any) -> None:
        origin, target = args
        loop = _get_running_loop()
        if loop is not None:
            _suspended[origin] = loop
            _set_running_loop(None)
        if _suspended and (mine := _suspended.pop(target, None)) is not None:
            _set_running_loop(mine)
        if before is not None:
            before(event, args)

    switched.umbel_keeps_apart = True  # type: ignore[attr-defined]
    settrace(switched)
