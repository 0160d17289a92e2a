"""The operator's view of a broker."""

from __future__ import annotations

from collections.abc import Sequence

from umbel.contracts import QueueAdmin
from umbel.model import DeadLetter, Depth, Message
from umbel_memory.broker import MemoryBroker
from umbel_memory.copies import copied


class MemoryAdmin(QueueAdmin):
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def queues(self) -> Sequence[str]:
        with self._broker.up_to_date():
            return sorted(self._broker.queues)

    def depth(self, queue: str) -> Depth:
        with self._broker.up_to_date() as now:
            return self._broker.queue(queue).depth(now)

    def purge(self, queue: str) -> int:
        with self._broker.up_to_date() as now:
            return self._broker.queue(queue).purge(now)

    def dead(self, queue: str, limit: int = 100) -> Sequence[DeadLetter]:
        with self._broker.up_to_date():
            return self._broker.queue(queue).dead(limit)

    def revive(self, keys: Sequence[str]) -> int:
        with self._broker.up_to_date() as now:
            letters = self._exhume(keys)
            for letter in letters:
                # A new life: its old losses, delay and place in the line do not count any more, but are not forgotten.
                entry = self._broker.entry(letter.message, letter.history)
                self._broker.queue(letter.message.queue).put(entry, None, now)
            return len(letters)

    def discard(self, keys: Sequence[str]) -> int:
        with self._broker.up_to_date():
            return len(self._exhume(keys))

    def bury(self, messages: Sequence[Message], reason: str) -> None:
        copies = [copied(message) for message in messages]
        with self._broker.up_to_date() as now:
            for message in copies:
                self._broker.queue(message.queue).bury(self._broker.entry(message), reason, now)

    def pause(self, queue: str) -> None:
        with self._broker.up_to_date():
            self._broker.queue(queue).paused = True

    def resume(self, queue: str) -> None:
        with self._broker.up_to_date():
            self._broker.queue(queue).paused = False

    def _exhume(self, keys: Sequence[str]) -> list[DeadLetter]:
        queues = self._broker.queues.values()
        return [letter for key in keys for queue in queues if (letter := queue.exhume(key))]
