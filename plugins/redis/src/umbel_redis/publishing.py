"""Putting messages on their queues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count
from secrets import token_hex
from threading import Lock

from umbel import clock
from umbel.model import Message
from umbel_redis.envelope import encode
from umbel_redis.keys import Keyspace
from umbel_redis.link import Command, Link
from umbel_redis.nodes import Nodes
from umbel_redis.script import load
from umbel_redis.settings import RedisSettings

#: Bytes that are sent before the answers are read.
SENT_AT_ONCE = 8 * 2**20
#: Elements of one LPUSH, and delayed messages of one script call.
PUSHED_AT_ONCE = 500
#: Bytes of a message that is handed over: the server gives up connections to which it has much to push.
LARGEST_HANDED = 1 << 16
#: Seconds since it last asked for messages after which a worker no longer counts as one who listens.
LISTENING_S = 15.0
#: Seconds after its time when Celery's workers, if no Umbel worker has, put a delayed message back on its queue.
GRACE_S = 60.0


class Publisher:
    """One for each transport; its calls may come from any thread, one at a time."""

    def __init__(self, nodes: Nodes, keyspace: Keyspace, settings: RedisSettings) -> None:
        self._nodes = nodes
        self._keyspace = keyspace
        self._visibility_s = settings.visibility_timeout
        self._token = f"d{token_hex(4)}"
        self._numbers = count(1)
        #: The queues that the server was told of, for each link since it was last opened.
        self._told: dict[Link, tuple[int, set[str]]] = {}
        #: The queues that held nothing else when a message was last put there: somebody may wait for the next.
        self._drained: set[str] = set()
        self._lock = Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        if len(messages) == 1 and messages[0].due is None:
            self._publish_one(messages[0])
            return
        ready: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
        delayed: defaultdict[str, list[Message]] = defaultdict(list)
        now = clock.time()
        # All are encoded before the first is sent: one that cannot be keeps back the others.
        for message in messages:
            if message.due is not None and message.due > now:
                delayed[message.queue].append(message)
            else:
                key = self._keyspace.of(message.queue).lists[self._keyspace.step(message.priority)]
                ready[message.queue, key].append(encode(message))
        batches = {queue: list(self._delay(queue, some)) for queue, some in delayed.items()}
        with self._lock:
            for queue in dict.fromkeys([*batches, *(queue for queue, _ in ready)]):
                self._tell(queue)
            self._push(ready)
            for queue, arguments in batches.items():
                for keys, values in arguments:
                    self._nodes.link(queue).script(load("delay"), keys, values)

    def _publish_one(self, message: Message) -> None:
        queue, place = message.queue, self._keyspace.step(message.priority)
        keys = self._keyspace.of(queue)
        envelope = encode(message)
        with self._lock:
            self._tell(queue)
            link = self._nodes.link(queue)
            if queue in self._drained and len(envelope) <= LARGEST_HANDED:
                there = link.script(load("hand_over"), keys.hand_over, (str(place + 1), envelope, queue, keys.tail))
            else:
                there = link.call("LPUSH", keys.lists[place], envelope)
            if there > 1 or self._keyspace.clustered:
                self._drained.discard(queue)
            else:
                self._drained.add(queue)

    def _push(self, ready: dict[tuple[str, str], list[bytes]]) -> None:
        by_link: defaultdict[Link, list[tuple[Command, int]]] = defaultdict(list)
        for (queue, key), envelopes in ready.items():
            for start in range(0, len(envelopes), PUSHED_AT_ONCE):
                some = envelopes[start : start + PUSHED_AT_ONCE]
                by_link[self._nodes.link(queue)].append((("LPUSH", key, *some), sum(map(len, some))))
        for link, commands in by_link.items():
            for batch in _batches(commands):
                link.pipeline(batch)

    def _delay(self, queue: str, messages: Sequence[Message]) -> Iterator[tuple[list[str], list[str | bytes]]]:
        keys = self._keyspace.of(queue)
        bindings = [self._keyspace.binding(name) for name in (queue, "celery.pidbox")]
        if self._keyspace.clustered:  # Celery's workers know no cluster.
            bindings = [keys.delayed, keys.delayed]
        shared = keys.shared
        names = [shared.unacked, shared.unacked_index, keys.delayed, shared.listening, *bindings, *keys.lists]
        for start in range(0, len(messages), PUSHED_AT_ONCE):
            arguments: list[str | bytes] = [queue, str(int(LISTENING_S * 1000)), str(len(keys.tail))]
            for message in messages[start : start + PUSHED_AT_ONCE]:
                due = message.due or 0.0
                envelope = b"[%b%b" % (encode(message), keys.tail.encode())
                tag = f"{self._token}{next(self._numbers):08x}:{self._keyspace.step(message.priority) + 1}"
                arguments += [tag, due_ms(due), index_score(due, self._visibility_s), envelope]
            yield names, arguments

    def _tell(self, queue: str) -> None:
        """Have the queue in the list of all, once on each connection: the server may have forgotten it since."""
        link = self._nodes.link(self._keyspace.queues)
        openings, told = self._told.get(link, (0, set()))
        if queue not in told or openings != link.openings:
            link.call("SADD", self._keyspace.queues, queue)
            self._told[link] = (link.openings, {queue, *(told if openings == link.openings else ())})


def due_ms(due: float) -> str:
    """As the sorted set has it: no earlier than asked for."""
    return str(-int(-due * 1000 // 1))


def index_score(due: float, visibility_s: float) -> str:
    """Its place in `unacked_index`: there Celery's workers find it if no Umbel worker has delivered it."""
    return f"{due - visibility_s + GRACE_S:.3f}"


def _batches(commands: Sequence[tuple[Command, int]]) -> Iterator[list[Command]]:
    batch: list[Command] = []
    size = 0
    for command, length in commands:
        if batch and size + length > SENT_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(command)
        size += length
    if batch:
        yield batch
