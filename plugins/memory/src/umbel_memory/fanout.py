"""Broadcasts: every listener has an inbox, and gets what is published while it listens."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence

from umbel import clock
from umbel.contracts import Fanout, FanoutSubscription
from umbel.model import Message
from umbel_memory.copies import copied
from umbel_memory.topics import matches


class MemoryFanout(Fanout):
    """All exchanges of one broker, shared like its queues."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[MemoryFanoutSubscription]] = defaultdict(list)

    def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        with self._lock:
            for listener in self._listeners[exchange]:
                listener.deliver(messages)

    def subscribe(self, exchange: str, patterns: Sequence[str] = ("#",)) -> FanoutSubscription:
        with self._lock:
            listener = MemoryFanoutSubscription(self, exchange, patterns)
            self._listeners[exchange].append(listener)
            return listener

    def leave(self, listener: MemoryFanoutSubscription) -> None:
        with self._lock:
            if listener in self._listeners[listener.exchange]:
                self._listeners[listener.exchange].remove(listener)


class MemoryFanoutSubscription(FanoutSubscription):
    def __init__(self, fanout: MemoryFanout, exchange: str, patterns: Sequence[str]) -> None:
        self.exchange = exchange
        self._fanout = fanout
        self._patterns = tuple(patterns)
        self._inbox: list[Message] = []
        self._woken = False
        self._changed = threading.Condition()

    def deliver(self, messages: Sequence[Message]) -> None:
        """Called by `MemoryFanout` for everything on the exchange."""
        mine = [copied(one) for one in messages if any(matches(pattern, one.routing_key) for pattern in self._patterns)]
        with self._changed:
            self._inbox += mine
            self._changed.notify_all()

    def receive(self, timeout_s: float) -> Sequence[Message]:
        deadline = clock.monotonic() + timeout_s
        with self._changed:
            while not (self._inbox or self._woken) and (left := deadline - clock.monotonic()) > 0:
                clock.wait(self._changed, left)
            received, self._inbox, self._woken = self._inbox, [], False
            return received

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        self._fanout.leave(self)
