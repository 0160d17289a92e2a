"""A flag to wait for that may be set from anywhere, signal handlers included."""

from __future__ import annotations

from queue import Empty, SimpleQueue


class Wakeup:
    """Like `threading.Event`, but `set` is safe in a signal handler: an Event's lock may be held by the very thread
    that the handler interrupts, while `SimpleQueue.put` is reentrant (Python docs, queue.SimpleQueue)."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """Let `wait` return, now or the next time. Never blocks."""
        self._queue.put(None)

    def wait(self, timeout_s: float | None) -> bool:
        """Blocks up to `timeout_s` seconds (None: for ever) until it is set, and clears it; False on time-out."""
        try:
            self._queue.get(timeout=timeout_s)
        except Empty:
            return False
        while True:
            try:
                self._queue.get_nowait()
            except Empty:
                return True
