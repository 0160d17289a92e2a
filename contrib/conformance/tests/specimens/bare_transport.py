"""The smallest transport: no features at all, and it says so when it is asked for one."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

from attrs import evolve

from umbel import clock
from umbel.contracts import Transport
from umbel.exceptions import PermanentError
from umbel.model import Action, Delivery, Message, Settlement


class BareBroker:
    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.queues: dict[str, deque[Message]] = defaultdict(deque)
        #: What is held, by the holder's tag.
        self.held: dict[object, Message] = {}


class BareTransport(Transport):
    contract_version = 1

    def __init__(self, url: str, broker: BareBroker) -> None:
        super().__init__(url)
        self._broker = broker
        self._woken = False
        self._mine: set[object] = set()

    def publish(self, messages: Sequence[Message]) -> None:
        if any(message.due is not None for message in messages):
            self._refuse("delayed")
        copies = [self._copied(message) for message in messages]
        with self._broker.changed:
            for message in copies:
                self._broker.queues[message.queue].append(message)
            self._broker.changed.notify_all()

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        deadline = clock.monotonic() + timeout_s
        with self._broker.changed:
            while True:
                taken = self._take(deque(queues), limit)
                left = deadline - clock.monotonic()
                if taken or self._woken or left <= 0:
                    self._woken = False
                    return taken
                clock.wait(self._broker.changed, left)

    def _take(self, turns: deque[str], limit: int) -> list[Delivery]:
        turns.rotate(len(self._mine))
        taken: list[Delivery] = []
        while turns and len(taken) < limit:
            name = turns.popleft()
            if self._broker.queues[name]:
                message, tag = self._broker.queues[name].popleft(), object()
                self._broker.held[tag] = message
                self._mine.add(tag)
                taken.append(Delivery(self._copied(message), tag))
                turns.append(name)
        return taken

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        if any(one.due is not None for one in settlements):
            self._refuse("delayed")
        with self._broker.changed:
            refused = [one for one in settlements if not self._settle(one)]
            self._broker.changed.notify_all()
            return refused

    def _settle(self, settlement: Settlement) -> bool:
        message = self._broker.held.pop(settlement.delivery.tag, None)
        if message is not None and settlement.action is Action.REQUEUE:
            self._broker.queues[message.queue].appendleft(message)
        return message is not None

    def wake(self) -> None:
        with self._broker.changed:
            self._woken = True
            self._broker.changed.notify_all()

    def close(self) -> None: ...

    def _copied(self, message: Message) -> Message:
        try:
            plain: list[dict[str, Any]] = json.loads(json.dumps([message.headers, message.properties]))
        except (TypeError, ValueError) as error:
            raise PermanentError(f"headers and properties must be plain data: {error}") from error
        return evolve(message, headers=plain[0], properties=plain[1])
