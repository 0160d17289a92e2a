"""One subscription for everyone in this process who waits for a result.

A thread that waits alone listens by itself, which saves two changes of threads. Where others wait too, or a coroutine
does, the listener's own thread listens for all. It and the connection stay only while somebody waits, and a moment
longer, for the next one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from umbel import clock
from umbel.contracts.backend import Backend, Subscription
from umbel.exceptions import OperationalError, PermanentError
from umbel.model.record import Record

_log = logging.getLogger("umbel.results")
_LINGER_S = 5.0
_RETRY_S = 0.2


class ResultListener:
    """Resolves futures with records as they come. Safe to use from any thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Condition()
        self._futures: dict[str, list[Future[Record]]] = {}
        #: Somebody receives; and since when nobody had a reason to.
        self._receiving = False
        self._idle_since = clock.monotonic()
        #: Somebody waits who does not receive.
        self._unattended = False
        self._subscription: Subscription | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def expect(self, task_id: str, alone: bool = False) -> Future[Record]:
        """A future of the ready record of this task. Give it back with `release` when nobody waits any longer.

        `alone`: whoever asks goes on to `wait` for it.
        """
        future: Future[Record] = Future()
        with self._lock:
            if self._closed:
                raise PermanentError("the app is closed: nobody listens for results any more")
            known = task_id in self._futures
            self._futures.setdefault(task_id, []).append(future)
            if self._subscription is None:
                self._subscription = self._backend.subscribe()
            if not known:
                self._subscription.add((task_id,))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="umbel-results", daemon=True)
                self._thread.start()
            if not alone:
                self._unattended = True
                self._lock.notify()
        return future

    def wait(self, future: Future[Record], timeout_s: float | None) -> Record:
        """The record; blocks. Raises `concurrent.futures.TimeoutError`."""
        began = clock.monotonic()
        with self._lock:
            receives = not (self._receiving or self._unattended or future.done())
            self._receiving = self._receiving or receives
        if not receives:
            return future.result(timeout_s)
        try:
            while not (self._closed or future.done()):
                left = 1.0 if timeout_s is None else began + timeout_s - clock.monotonic()
                if left <= 0:
                    break
                self._receive(min(left, 1.0))
        finally:
            self._leave()
        return future.result(0)

    def _leave(self) -> None:
        """Whoever still waits is the thread's to serve."""
        with self._lock:
            self._receiving, self._unattended = False, bool(self._futures)
            self._idle_since = clock.monotonic()
            if self._unattended or self._closed:
                self._lock.notify()

    def release(self, task_id: str, future: Future[Record]) -> None:
        """`future` is not waited for any longer."""
        with self._lock:
            futures = self._futures.get(task_id)
            if futures is None:
                return
            if future in futures:
                futures.remove(future)
            if not futures:
                del self._futures[task_id]
                if self._subscription is not None:
                    self._subscription.discard((task_id,))

    def _run(self) -> None:
        while (unused := self._rest()) is None:
            while self._futures and not self._closed:
                self._receive(1.0)
            self._leave()
        unused.close()

    def _rest(self) -> Subscription | None:
        """Blocks until this thread has to receive, or nobody has waited for some time: then what is to be closed."""
        with self._lock:
            while self._closed or self._receiving or not self._unattended:
                is_used = self._receiving or (bool(self._futures) and not self._closed)
                left = _LINGER_S if is_used else self._idle_since + _LINGER_S - clock.monotonic()
                if left <= 0 or (self._closed and not is_used):
                    unused, self._thread, self._subscription = self._subscription, None, None
                    return unused
                clock.wait(self._lock, left)
            self._receiving = True
            return None

    def _receive(self, timeout_s: float) -> None:
        try:
            assert self._subscription is not None
            self._resolve(self._subscription.receive(timeout_s))
        except OperationalError as error:
            _log.warning("Waiting for results: %s; trying again", error)
            clock.sleep(min(_RETRY_S, timeout_s))
        except Exception as error:  # a driver's own fault: whoever waits must hear of it
            self._fail(error)

    def _resolve(self, records: Sequence[Record]) -> None:
        ready: list[tuple[Future[Record], Record]] = []
        with self._lock:
            for record in records:
                ready += [(future, record) for future in self._futures.pop(record.task_id, ())]
        for future, record in ready:
            if future.set_running_or_notify_cancel():
                future.set_result(record)

    def _fail(self, error: Exception) -> None:
        with self._lock:
            failed, self._futures = self._futures, {}
            if self._subscription is not None:
                self._subscription.discard(tuple(failed))
        for future in (future for waiting in failed.values() for future in waiting):
            if future.set_running_or_notify_cancel():
                future.set_exception(error)

    def close(self) -> None:
        """Stop listening; who still waits gets an error."""
        with self._lock:
            self._closed = True
            self._lock.notify()
            thread, subscription = self._thread, self._subscription
        self._fail(PermanentError("the app was closed while somebody waited for a result"))
        if subscription is not None:
            subscription.wake()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5.0)
