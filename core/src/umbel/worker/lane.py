"""A boundary with a thread of its own that batches naturally."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from umbel.exceptions import DriverError

T = TypeVar("T")
_log = logging.getLogger("umbel.worker")


class Lane(Generic[T]):
    """`put` never blocks; the lane's thread handles all that has gathered since it last looked.

    So an idle lane has the latency of one item, and a busy one the throughput of a batch. One that lingers waits so
    many seconds for more, unless it is to `hurry`. `handle` deals with its own errors; what it lets through is logged,
    and the lane goes on.
    """

    def __init__(self, name: str, handle: Callable[[Sequence[T]], None], linger_s: float = 0.0) -> None:
        self._handle, self._linger_s = handle, linger_s
        self._hurried = threading.Event()
        #: End the lingering that is under way, or the next.
        self.hurry = self._hurried.set
        self._items: SimpleQueue[Sequence[T] | None] = SimpleQueue()
        #: Who handles has it; and how much waits or is being handled.
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._unfinished = 0
        self._thread = threading.Thread(target=self._run, name=f"umbel-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, items: Sequence[T]) -> None:
        """Hand over items, to be handled in order."""
        with self._counting:
            self._unfinished += 1
        self._items.put(items)

    def try_here(self, call: Callable[[], None]) -> bool:
        """If the lane has nothing to do, `call()` in its place, in the thread that asks: that saves a change of
        threads. False if it has, or if `call` raises `DriverError`: then the items are to be `put`."""
        with self._counting:
            if self._unfinished or not self._turn.acquire(blocking=False):
                return False
        try:
            call()
        except DriverError:
            return False
        finally:
            self._turn.release()
        return True

    def close(self, timeout_s: float | None = None) -> bool:
        """Handle what is there, then end; False if that takes longer than `timeout_s` seconds. Blocks."""
        if not self._thread.is_alive():
            return True
        self._items.put(None)
        self.hurry()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        open_ = True
        while open_:
            batch: list[T] = []
            puts, items = 0, self._items.get()
            if items is not None and self._linger_s:
                self._hurried.wait(self._linger_s)
                self._hurried.clear()
            while True:
                if items is None:
                    open_ = False
                    break
                batch.extend(items)
                puts += 1
                try:
                    items = self._items.get_nowait()
                except Empty:
                    break
            if batch:
                try:
                    with self._turn:
                        self._handle(batch)
                except Exception:
                    _log.exception("%s failed on a batch of %d", threading.current_thread().name, len(batch))
            with self._counting:
                self._unfinished -= puts
