"""Threads for what blocks: started when they are needed, up to so many."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from queue import SimpleQueue

Call = Callable[[], None]


class Threads:
    """As a `ThreadPoolExecutor`, but of daemons: a call that is stuck does not keep the process from ending."""

    def __init__(self, name: str, most: int) -> None:
        self._names = (f"{name}-{number}" for number in itertools.count(1))
        self._most = most
        self._lock = threading.Lock()
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._started = 0
        #: How many have nothing to do, and no call on its way to them.
        self._idle = 0

    def call(self, function: Call) -> None:
        """Call `function`, which raises nothing, in one of the threads, as soon as one is free."""
        with self._lock:
            self._calls.put(function)
            if self._idle:
                self._idle -= 1
            elif self._started < self._most:
                self._started += 1
                threading.Thread(target=self._work, name=next(self._names), daemon=True).start()

    def resize(self, most: int) -> None:
        """Let there be so many; those that there are stay."""
        with self._lock:
            self._most = most

    def close(self) -> None:
        """The threads end when they have nothing to do."""
        with self._lock:
            for _ in range(self._started):
                self._calls.put(None)
            self._started = self._idle = self._most = 0

    def _work(self) -> None:
        while (function := self._calls.get()) is not None:
            function()
            with self._lock:
                if self._calls.empty():
                    self._idle += 1
