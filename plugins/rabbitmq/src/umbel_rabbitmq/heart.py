"""Heartbeats: on a connection that listens the broker hears of us, and we of it, also while nobody calls."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from weakref import ref

from umbel import clock
from umbel.exceptions import DriverError
from umbel_rabbitmq import frames
from umbel_rabbitmq.link import Link


class _End:
    """Tells the thread to end."""

    def __init__(self) -> None:
        self.is_here = False
        self.changed = threading.Condition()


class Heart:
    """A thread for one link, which ends with it.

    https://www.rabbitmq.com/docs/heartbeats: whatever is sent counts; after two intervals of silence the peer is dead.
    """

    def __init__(self, link: Link, look: Callable[[], None]) -> None:
        """`look` takes in what has come, unless somebody reads already. Never blocks."""
        self._link = link
        self._look = look
        self._end = _End()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Does nothing if it beats already, or shall not."""
        if self._thread is None and self._link.heartbeat_s:
            # It does not keep alive whom nobody has closed.
            arguments = (ref(self), self._end, self._link.heartbeat_s / 4)
            self._thread = threading.Thread(target=_run, args=arguments, name="umbel-rabbitmq-heart", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Blocks until the thread has ended."""
        with self._end.changed:
            self._end.is_here = True
            self._end.changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def beat(self) -> None:
        """Be heard, and hear. Never blocks for long."""
        link = self._link
        interval_s = link.heartbeat_s
        if not interval_s or not link.is_open:
            return
        with suppress(DriverError):
            if clock.monotonic() - link.sent_at >= interval_s / 2:
                link.write(frames.ALIVE)
            self._look()
        if clock.monotonic() - link.heard_at > 2 * interval_s:
            link.hang_up()


def _run(of: ref[Heart], end: _End, pause_s: float) -> None:
    while True:
        with end.changed:
            if not end.is_here:
                clock.wait(end.changed, pause_s)
            if end.is_here:
                return
        heart = of()
        if heart is None:
            return
        heart.beat()
        del heart
