"""Makes the standard library wait in greenlets, before anybody has taken anything out of it."""

from __future__ import annotations

import queue
import select
from importlib import import_module
from typing import Any, cast

import eventlet
from eventlet import patcher

from umbel_eventlet import descriptors, interrupts
from umbel_eventlet.polling import Poll
from umbel_eventlet.simple_queue import SimpleQueue


def patch() -> None:
    """Everything that blocks in the standard library lets other greenlets run from now on. Twice is no error.

    What was imported before by its own name (`from queue import SimpleQueue`) stays as it was: call this first.
    """
    eventlet.monkey_patch()
    complete()


def complete() -> None:
    """What eventlet's own patch, which may have been called by somebody else, leaves to do."""
    cast("Any", queue).SimpleQueue = SimpleQueue
    if not hasattr(select, "poll"):
        cast("Any", select).poll = Poll
    descriptors.complete()
    interrupts.contain()
    # Only now: asyncio takes something out of `threading` when it is imported.
    import_module("umbel_eventlet.event_loops").keep_apart()


def is_patched() -> bool:
    """Whether threads and sockets wait in greenlets, whoever saw to it."""
    return all(map(patcher.is_monkey_patched, ("socket", "thread", "time", "select")))
