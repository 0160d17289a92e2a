"""Queues that one script call can serve: all that one server has, or, in a cluster, one at a time."""

from __future__ import annotations

from collections.abc import Sequence

from umbel_redis.keys import Keyspace, QueueKeys
from umbel_redis.link import Command, Link
from umbel_redis.nodes import Nodes
from umbel_redis.settings import RedisSettings


class Group:
    """What is sent about them, made once; and what is known of them."""

    def __init__(self, link: Link, queues: Sequence[QueueKeys], keyspace: Keyspace, settings: RedisSettings) -> None:
        self.link = link
        #: On which of its connections the server will tell when something comes; 0: it will not.
        self.armed = 0
        #: On the monotonic clock: when the next delayed message is due.
        self.due = float("inf")
        #: The last reserve has found all that was asked for, and the next will hardly have to wait.
        self.is_busy = False
        self._turn = 0
        fair = settings.queue_order_strategy == "round_robin"
        if settings.queue_order_strategy == "sorted":
            queues = sorted(queues)
        self._orders = [(*queues[turn:], *queues[:turn]) for turn in range(len(queues) if fair else 1)]
        self._lists = len(keyspace.steps)
        self._order = "turn" if fair else "strict"
        self.shared = shared = queues[0].shared
        #: Where it can be offered to take the next message, if there is one such place.
        self.offers = queues[0].offers if len(queues) == 1 and not keyspace.clustered else None
        self._names = [keys.queue for keys in queues]
        lists = [name for keys in queues for name in keys.lists]
        #: Reading them has the server tell when one changes.
        self.watch: Sequence[Command] = (
            ("EXISTS", *(keys.delayed for keys in queues), shared.paused),
            ("EXISTS", *lists),
        )
        #: Whether anything waits, and whether anybody holds anything.
        self.look: Sequence[Command] = (("EXISTS", *lists), ("EXISTS", shared.unacked_index))
        self.reclaim_keys = [shared.unacked, shared.unacked_index, shared.clock, shared.workers]
        self.reclaim_keys += [name for keys in queues for name in (keys.leases, keys.lapsed, *keys.lists)]
        self.reclaim_args = [str(int(settings.visibility_timeout * 1000)), str(self._lists)]
        self.reclaim_args += [str(len(keys.tail)) for keys in queues]
        self._prepared = [self._prepare(order) for order in self._orders]

    def listening(self, now: float, who: str) -> Sequence[Command]:
        """Tells everybody that somebody takes messages from these queues, and who."""
        when = str(int(now * 1000))
        queues = ("ZADD", self.shared.listening, *(part for name in self._names for part in (when, name)))
        return queues, ("ZADD", self.shared.workers, when, who)

    def next_turn(self) -> tuple[Sequence[QueueKeys], Sequence[str], Sequence[str]]:
        """The order in which the queues are served this time; the keys and the last arguments of the script."""
        self._turn = (self._turn + 1) % len(self._orders)
        return self._prepared[self._turn]

    def _prepare(self, order: Sequence[QueueKeys]) -> tuple[Sequence[QueueKeys], Sequence[str], Sequence[str]]:
        shared = self.shared
        keys = [shared.unacked, shared.unacked_index, shared.clock, shared.paused]
        keys += [name for one in order for name in (one.delayed, one.leases, *one.lists)]
        args = [str(self._lists), self._order, *(part for one in order for part in (one.queue, one.tail))]
        return order, keys, args


def groups_of(queues: Sequence[str], nodes: Nodes, keyspace: Keyspace, settings: RedisSettings) -> list[Group]:
    """Raises `TemporaryError` if a cluster does not say who serves them."""
    keys = [keyspace.of(queue) for queue in queues]
    if keyspace.clustered:
        return [Group(nodes.link(one.queue), [one], keyspace, settings) for one in keys]
    return [Group(nodes.any(), keys, keyspace, settings)] if keys else []
