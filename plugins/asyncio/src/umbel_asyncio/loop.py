"""The event loop, and the thread that it runs in."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

_log = logging.getLogger("umbel.worker")


class LoopThread:
    """Runs one loop until it is closed, whatever the coroutines in it do."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._farewell: Coroutine[Any, Any, None] | None = None
        self._thread = threading.Thread(target=self._run, name="umbel-asyncio", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call `function` on the loop. From any thread; without effect once the loop is closed."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(function, *arguments)

    def close(self, farewell: Coroutine[Any, Any, None], timeout_s: float) -> None:
        """Run `farewell`, then end. Blocks up to `timeout_s` seconds: a loop that stands still is left behind."""
        self._farewell = farewell
        self.call(self.loop.stop)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.warning("The event loop stands still, and is left behind: a coroutine blocks it")

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while self._farewell is None:
            try:
                self.loop.run_forever()
            except BaseException:  # SystemExit of a task that a job has started by itself: asyncio lets it through
                _log.exception("The event loop was interrupted, and goes on")
        try:
            self.loop.run_until_complete(self._farewell)
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        except BaseException:
            _log.exception("The event loop did not end in order")
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()
