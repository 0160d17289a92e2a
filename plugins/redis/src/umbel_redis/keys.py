"""The names of the keys.

| key | what | whose |
|---|---|---|
| `celery`, `celery\\x06\\x163`, … | list for each queue and priority step; the next message stands last | Celery's |
| `unacked` | hash: tag → `[envelope, exchange, routing key]` of what is leased or delayed | Celery's |
| `unacked_index` | sorted set: tag → when it was handed out, in seconds; ours: when the lease ends | Celery's |
| `_kombu.binding.EXCHANGE` | set of `routing key, pattern, queue` | Celery's |
| `umbel.leases.QUEUE` | sorted set: tag → when the lease ends, on the clock of the leases, in ms | ours |
| `umbel.lapsed.QUEUE` | sorted set: tag → when it was taken back from who held it, in ms | ours |
| `umbel.delayed.QUEUE` | sorted set: tag → when it is due, in ms | ours |
| `umbel.offers.QUEUE` | list: who waits for a message of this queue, and under which tag it would take one | ours |
| `umbel.dead.QUEUE` | hash: tag → what is known, a line end, the envelope of a dead letter | ours |
| `umbel.dead-order.QUEUE` | sorted set: tag → when it died, in ms | ours |
| `umbel.clock` | hash: the clock of the leases | ours |
| `umbel.paused`, `umbel.queues` | sets of names of queues | ours |
| `umbel.listening` | sorted set: queue → when an Umbel worker last asked for its messages, in ms | ours |
| `umbel.workers` | sorted set: `token host/pid` → when this worker last asked for messages, in ms | ours |

In a cluster all that a queue has is in one slot, so that a script may use it: each of these names but the first then
ends in `.{QUEUE}`, and the lists are `{QUEUE}`, `{QUEUE}\\x06\\x163`, …; only `umbel.queues` is there once.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from umbel_redis.settings import RedisSettings


class Shared(NamedTuple):
    """The keys that all queues share; in a cluster, those of one queue."""

    unacked: str
    unacked_index: str
    clock: str
    paused: str
    listening: str
    workers: str


class QueueKeys(NamedTuple):
    """The keys of one queue."""

    queue: str
    shared: Shared
    delayed: str
    leases: str
    lapsed: str
    offers: str
    dead: str
    dead_order: str
    #: One for each step of priority, the most urgent first.
    lists: tuple[str, ...]
    #: What follows the envelope in `unacked`: Celery would restore the message to this queue.
    tail: str

    @property
    def hand_over(self) -> Sequence[str]:
        """The keys of the script that hands over what is published."""
        shared = self.shared
        mine = (self.offers, self.leases, *self.lists)
        return (shared.unacked, shared.unacked_index, shared.clock, shared.paused, *mine)


class Keyspace:
    """Knows all names, under one set of settings."""

    def __init__(self, settings: RedisSettings, clustered: bool = False) -> None:
        self.steps = tuple(sorted(settings.priority_steps)) or (0,)
        self.clustered = clustered
        self.sep = settings.sep
        self._settings = settings
        self._prefix = settings.global_keyprefix
        self.queues = f"{self._prefix}umbel.queues"
        self.shared = self._shared("")
        self.of = lru_cache(maxsize=4096)(self._of)

    def step(self, priority: int) -> int:
        """The place of the list for this priority, counted from 0."""
        return max(0, bisect(self.steps, priority) - 1)

    def binding(self, exchange: str) -> str:
        """The set that says which queues the exchange sends to."""
        return f"{self._prefix}_kombu.binding.{exchange}"

    def bound_by(self, member: str) -> Sequence[str]:
        """Routing key, pattern and queue of a member of such a set."""
        return member.split(self.sep)

    def _of(self, queue: str) -> QueueKeys:
        prefix, tag = self._prefix, f"{{{queue}}}" if self.clustered else queue
        return QueueKeys(
            queue,
            self._shared(f".{tag}") if self.clustered else self.shared,
            f"{prefix}umbel.delayed.{tag}",
            f"{prefix}umbel.leases.{tag}",
            f"{prefix}umbel.lapsed.{tag}",
            f"{prefix}umbel.offers.{tag}",
            f"{prefix}umbel.dead.{tag}",
            f"{prefix}umbel.dead-order.{tag}",
            tuple(f"{prefix}{tag}{self.sep}{step}" if step else f"{prefix}{tag}" for step in self.steps),
            f',"",{encode_basestring_ascii(queue)}]',
        )

    def _shared(self, suffix: str) -> Shared:
        settings, prefix = self._settings, self._prefix
        ours = ("umbel.clock", "umbel.paused", "umbel.listening", "umbel.workers")
        names = (settings.unacked_key, settings.unacked_index_key, *ours)
        return Shared(*(f"{prefix}{name}{suffix}" for name in names))
