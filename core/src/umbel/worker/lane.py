"""A boundary with a thread of its own that batches naturally."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
_log = logging.getLogger("umbel.worker")


class Lane(Generic[T]):
    """`put` never blocks; the lane's thread handles all that has gathered since it last looked.

    So an idle lane has the latency of one item, and a busy one the throughput of a batch. `handle` deals with its own
    errors; what it lets through is logged, and the lane goes on.
    """

    def __init__(self, name: str, handle: Callable[[Sequence[T]], None]) -> None:
        self._handle = handle
        self._items: SimpleQueue[Sequence[T] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"umbel-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, items: Sequence[T]) -> None:
        """Hand over items, to be handled in order."""
        self._items.put(items)

    def close(self, timeout_s: float | None = None) -> bool:
        """Handle what is there, then end; False if that takes longer than `timeout_s` seconds. Blocks."""
        if not self._thread.is_alive():
            return True
        self._items.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        open_ = True
        while open_:
            batch: list[T] = []
            items = self._items.get()
            while True:
                if items is None:
                    open_ = False
                    break
                batch.extend(items)
                try:
                    items = self._items.get_nowait()
                except Empty:
                    break
            if batch:
                try:
                    self._handle(batch)
                except Exception:
                    _log.exception("%s failed on a batch of %d", threading.current_thread().name, len(batch))
