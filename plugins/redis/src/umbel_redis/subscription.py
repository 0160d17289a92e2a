"""Hearing of results: one connection for all that this process waits for, and none while it waits for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from threading import Lock

from umbel import clock
from umbel.contracts import Subscription
from umbel.exceptions import TemporaryError
from umbel.model import Record
from umbel.states import READY_STATES
from umbel_redis.channel import Channel, Found
from umbel_redis.result_keys import ResultKeys
from umbel_redis.result_state import UNREADABLE, record_of
from umbel_redis.server import Server
from umbel_redis.waiting import Waiter

#: How many are subscribed to in one step.
AT_ONCE = 1000
#: Seconds for which the connection stays with nothing to wait for: the next call is often not far.
LINGER_S = 5.0
#: Seconds from one failed attempt to connect to the next; they double, up to the latter.
FIRST_PAUSE_S, LAST_PAUSE_S = 0.1, 1.0

_READY = READY_STATES | {UNREADABLE}


class RedisSubscription(Subscription):
    def __init__(self, server: Server, keys: ResultKeys, values: Callable[[Sequence[str]], list[bytes | None]]) -> None:
        self._channel = Channel(server, keys, values)
        self._waiter = Waiter()
        self._lock = Lock()
        #: What was not heard of yet; of that, what the server does not know of (in order); and what it need not know.
        self._awaited: set[str] = set()
        self._fresh: dict[str, None] = {}
        self._discarded: set[str] = set()
        self._pause_s = 0.0
        self._try_at = 0.0
        self._linger_until = 0.0
        self._closed = False
        self._receiving = Lock()

    def add(self, task_ids: Sequence[str]) -> None:
        with self._lock:
            new = [task_id for task_id in task_ids if task_id not in self._awaited]
            self._awaited.update(new)
            self._fresh.update(dict.fromkeys(new))
            self._discarded.difference_update(new)
        if new:
            self._waiter.nudge()

    def discard(self, task_ids: Sequence[str]) -> None:
        with self._lock:
            self._awaited.difference_update(task_ids)
            self._discarded.update(task_ids)
            for task_id in task_ids:
                self._fresh.pop(task_id, None)

    def receive(self, timeout_s: float) -> Sequence[Record]:
        deadline = clock.monotonic() + timeout_s
        with self._receiving:
            while not self._closed:
                if heard := self._hear():
                    return heard
                now = clock.monotonic()
                # What is ready already is to be returned by this very call, however little time it has.
                if self._waiter.was_woken() or (now >= deadline and not self._channel.owes):
                    break
                self._waiter.wait((self._channel.link,), self._next_at(deadline) - now)
        return ()

    def wake(self) -> None:
        self._waiter.wake()

    def close(self) -> None:
        self._closed = True
        self.wake()
        with self._receiving:
            self._channel.close()
            self._waiter.close()

    def _next_at(self, deadline: float) -> float:
        """When to look again if nothing comes."""
        if self._fresh:
            # More than fit into one step; or there is no connection for them yet.
            return min(deadline, self._try_at)
        if not self._channel.is_open:
            return deadline
        if self._channel.owes:
            return self._channel.attention_at
        return min(deadline, self._channel.attention_at if self._awaited else self._linger_until)

    def _hear(self) -> list[Record]:
        """What has come. A connection that was lost is replaced; raises if that cannot be done."""
        was_open = self._channel.is_open
        try:
            self._subscribe(clock.monotonic())
            if not self._channel.is_open:
                return []
            heard = self._claim(self._channel.read())
            if not heard:
                self._channel.tend()
            if not self._channel.owes:
                self._pause_s = 0.0
            return heard
        except BaseException as error:
            self._start_over()
            if was_open and isinstance(error, TemporaryError):
                return []
            raise

    def _subscribe(self, now: float) -> None:
        """Tell the server of what was added and discarded."""
        with self._lock:
            gone, self._discarded = self._discarded, set()
            fresh = list(islice(self._fresh, AT_ONCE)) if now >= self._try_at else []
            for task_id in fresh:
                del self._fresh[task_id]
            if self._awaited:
                self._linger_until = now + LINGER_S
        self._channel.give_up(gone)
        if fresh:
            self._channel.add(fresh)
        elif self._channel.is_open and now >= self._linger_until:
            self._channel.close()

    def _claim(self, found: Iterable[Found]) -> list[Record]:
        """The ready ones among those that are still awaited; they are no longer."""
        heard = []
        with self._lock:
            for task_id, value in found:
                if task_id in self._awaited and (record := record_of(task_id, value)).state in _READY:
                    heard.append(record)
                    self._awaited.remove(task_id)
                    self._fresh.pop(task_id, None)
        self._channel.give_up(record.task_id for record in heard)
        return heard

    def _start_over(self) -> None:
        """Nothing is subscribed any more, and anything may have come meanwhile."""
        self._channel.close()
        with self._lock:
            self._fresh = dict.fromkeys(self._awaited)
        self._try_at = clock.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2 or FIRST_PAUSE_S, LAST_PAUSE_S)
