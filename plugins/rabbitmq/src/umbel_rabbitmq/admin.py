"""The operator's view of the queues, as far as AMQP has one: it cannot list queues, nor say what is reserved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from umbel.contracts import QueueAdmin
from umbel.model import DeadLetter, Depth, Message
from umbel_rabbitmq.deadletters import PREFIX, DeadLetters
from umbel_rabbitmq.declaring import depth, exists
from umbel_rabbitmq.link import Link
from umbel_rabbitmq.publishing import Publisher


class RabbitmqAdmin(QueueAdmin):
    def __init__(
        self,
        publisher: Publisher,
        dead_letters: DeadLetters,
        names: Callable[[], Sequence[str]],
        bury: Callable[[Sequence[Message], str], None],
    ) -> None:
        """`names` gives the queues that are known."""
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._names = names
        self._bury = bury

    def queues(self) -> Sequence[str]:
        with self._publisher.lock:
            link = self._link()
            return sorted({name for name in self._names() if exists(link, name)})

    def depth(self, queue: str) -> Depth:
        with self._publisher.lock:
            link = self._link()
            return Depth(queue, depth(link, queue) or 0, dead=depth(link, PREFIX + queue) or 0)

    def purge(self, queue: str) -> int:
        with self._publisher.lock:
            link = self._link()
            if not exists(link, queue):
                return 0
            with link.calling():
                return int(link.desk.queue_purge(queue))

    def dead(self, queue: str, limit: int = 100) -> Sequence[DeadLetter]:
        return self._dead_letters.letters(queue, limit)

    def revive(self, keys: Sequence[str]) -> int:
        return self._take(keys, back=True)

    def discard(self, keys: Sequence[str]) -> int:
        return self._take(keys, back=False)

    def bury(self, messages: Sequence[Message], reason: str) -> None:
        self._bury(messages, reason)

    def _take(self, keys: Sequence[str], back: bool) -> int:
        by_queue: defaultdict[str, list[str]] = defaultdict(list)
        for key in keys:
            queue, slash, _ = key.rpartition("/")
            if slash:
                by_queue[queue].append(key)
        return sum(self._dead_letters.take(queue, some, back) for queue, some in by_queue.items())

    def _link(self) -> Link:
        link = self._publisher.link
        if not link.is_there():
            link.open()
        return link
