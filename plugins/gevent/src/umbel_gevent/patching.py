"""Makes the standard library wait in greenlets, before anybody has taken anything out of it."""

from __future__ import annotations

from importlib import import_module

from gevent import monkey

from umbel_gevent import interrupts


def patch() -> None:
    """Everything that blocks in the standard library lets other greenlets run from now on. Twice is no error.

    What was imported before by its own name (`from queue import SimpleQueue`) stays as it was: call this first.
    """
    monkey.patch_all()
    complete()


def complete() -> None:
    """What gevent's own patch, which may have been called by somebody else, leaves to do."""
    interrupts.contain()
    # Only now: asyncio takes something out of `threading` when it is imported.
    import_module("umbel_gevent.event_loops").keep_apart()


def is_patched() -> bool:
    """Whether threads and sockets wait in greenlets, whoever saw to it."""
    return all(map(monkey.is_module_patched, ("socket", "threading", "time", "queue")))
