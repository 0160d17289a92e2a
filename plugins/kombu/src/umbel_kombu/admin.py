"""The operator's view, where kombu's transport can count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from umbel.contracts import QueueAdmin
from umbel.model import Depth
from umbel_kombu.link import Link


class KombuAdmin(QueueAdmin):
    """Asks over the publisher's connection, which waits for nothing."""

    def __init__(self, link: Link, known: Callable[[], Sequence[str]]) -> None:
        self._link = link
        self._known = known

    def queues(self) -> Sequence[str]:
        """Those that this process has named: kombu cannot list them."""
        return sorted(set(self._known()))

    def depth(self, queue: str) -> Depth:
        with self._link.channel() as channel:
            self._link.declare(queue)
            return Depth(queue, self._size(channel, queue))

    def purge(self, queue: str) -> int:
        with self._link.channel() as channel:
            self._link.declare(queue)
            size = self._size(channel, queue)
            if not size:  # SQS allows one in a minute.
                return 0
            said = channel.queue_purge(queue)
            self._link.forget(queue)  # On etcd it is gone then.
            # Some count those that somebody holds, or the same ones several times, or those of another queue.
            return min(said, size) if type(said) is int and said else size

    def _size(self, channel: object, queue: str) -> int:
        if self._link.is_virtual:
            return int(channel._size(queue))  # type: ignore[attr-defined]
        return int(channel.queue_declare(queue=queue, passive=True).message_count)  # type: ignore[attr-defined]
