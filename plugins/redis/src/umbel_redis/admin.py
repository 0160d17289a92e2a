"""The operator's view of the queues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from umbel import clock
from umbel.contracts import QueueAdmin
from umbel.model import DeadLetter, Depth, Message
from umbel_redis import deadletters
from umbel_redis.keys import Keyspace
from umbel_redis.nodes import Nodes
from umbel_redis.script import load
from umbel_redis.settings import RedisSettings

#: How many delayed messages are dropped by one call, so that nobody else waits long.
PURGED_AT_ONCE = 1000
#: Queues of Celery's remote control and events, which are no queues of tasks.
NO_TASKS = (".celery.pidbox", "celeryev.")


class RedisAdmin(QueueAdmin):
    def __init__(self, nodes: Nodes, keyspace: Keyspace, settings: RedisSettings) -> None:
        self._nodes = nodes
        self._keyspace = keyspace
        self._settings = settings

    def queues(self) -> Sequence[str]:
        key = self._keyspace.queues
        names = {name.decode() for name in self._nodes.link(key).call("SMEMBERS", key)}
        return sorted(names | self._of_celery())

    def depth(self, queue: str) -> Depth:
        keys = self._keyspace.of(queue)
        commands = [("LLEN", name) for name in keys.lists]
        commands += [("ZCARD", name) for name in (keys.leases, keys.delayed, keys.dead_order)]
        answers = self._nodes.link(queue).pipeline([*commands, ("SISMEMBER", keys.shared.paused, queue)])
        *ready, reserved, delayed, dead, paused = answers
        return Depth(queue, sum(ready), reserved, delayed, dead, bool(paused))

    def purge(self, queue: str) -> int:
        keys, link = self._keyspace.of(queue), self._nodes.link(queue)
        commands = [("MULTI",), *(("LLEN", name) for name in keys.lists), ("UNLINK", *keys.lists), ("EXEC",)]
        *lengths, _ = link.pipeline(commands)[-1]
        purged: int = sum(lengths)
        names = (keys.shared.unacked, keys.shared.unacked_index, keys.delayed)
        while some := link.script(load("purge_delayed"), names, [str(PURGED_AT_ONCE)]):
            purged += some
        return purged

    def dead(self, queue: str, limit: int = 100) -> Sequence[DeadLetter]:
        return deadletters.letters(self._nodes.link(queue), self._keyspace, queue, limit)

    def revive(self, keys: Sequence[str]) -> int:
        return self._take_away(keys, back=True)

    def discard(self, keys: Sequence[str]) -> int:
        return self._take_away(keys, back=False)

    def bury(self, messages: Sequence[Message], reason: str) -> None:
        by_queue: defaultdict[str, list[Message]] = defaultdict(list)
        for message in messages:
            by_queue[message.queue].append(message)
        now, most = clock.time(), self._settings.max_dead_letters
        for queue, some in by_queue.items():
            deadletters.bury(self._nodes.link(queue), self._keyspace, some, reason, now, most)

    def pause(self, queue: str) -> None:
        self._nodes.link(queue).call("SADD", self._keyspace.of(queue).shared.paused, queue)

    def resume(self, queue: str) -> None:
        self._nodes.link(queue).call("SREM", self._keyspace.of(queue).shared.paused, queue)

    def _take_away(self, keys: Sequence[str], back: bool) -> int:
        by_queue: defaultdict[str, list[str]] = defaultdict(list)
        for key in keys:
            queue, slash, tag = key.rpartition("/")
            if slash:
                by_queue[queue].append(tag)
        return sum(
            deadletters.take_away(self._nodes.link(queue), self._keyspace.of(queue), tags, back)
            for queue, tags in by_queue.items()
        )

    def _of_celery(self) -> set[str]:
        """The queues that Celery has bound to its exchanges."""
        found: set[str] = set()
        if self._keyspace.clustered:
            return found
        link, cursor = self._nodes.any(), b"0"
        while True:
            cursor, names = link.call(
                "SCAN", cursor, "MATCH", self._keyspace.binding("*"), "COUNT", 1000, "TYPE", "set"
            )
            for name in names:
                bound = (self._keyspace.bound_by(member.decode()) for member in link.call("SMEMBERS", name))
                found.update(parts[-1] for parts in bound)
            if int(cursor) == 0:
                return {name for name in found if name and not any(part in name for part in NO_TASKS)}
