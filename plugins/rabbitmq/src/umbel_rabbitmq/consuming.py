"""Getting messages: asked for one by one where nobody waits, pushed by the broker where somebody does.

Who waits is a consumer of the broker's: for each queue it sends as many as were asked for beside those that are held
(`basic.qos`, for each consumer, which quorum queues know as well), and goes on to do so between two calls. What comes
then waits here for the next one. https://www.rabbitmq.com/docs/consumer-prefetch
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from attrs import define

from umbel import clock
from umbel_rabbitmq import frames
from umbel_rabbitmq.declaring import Declarer, exists
from umbel_rabbitmq.holding import Holdings
from umbel_rabbitmq.link import Content, Link, Listener
from umbel_rabbitmq.opening import Opener

_log = logging.getLogger(__name__)

#: How many are asked for in one write.
ASKED_AT_ONCE = 200
#: Who has room for more has tasks that take milliseconds: of what is beyond it gets as many again while it works.
MANY = 100
#: A prefetch is a short number.
MOST = 65535
#: So long after the last delivery none is on the way.
QUIET_S = 1.0


@define(slots=True, eq=False)
class _Consumer:
    queue: str
    prefetch: int


class Consumer(Listener):
    """Has the connection that consumes. One thread at a time; `look` is for all."""

    def __init__(self, opener: Opener, declarer: Declarer) -> None:
        self.link = Link(opener, self, heartbeat=True)
        self.holdings = Holdings(self.link)
        self._declarer = declarer
        self._consumers: dict[str, _Consumer] = {}
        #: By the names of the consumers there have been.
        self._queues: dict[str, str] = {}
        self._buffers: dict[str, deque[Content]] = {}
        #: The queues that were asked and have not answered yet.
        self._asked: deque[str] = deque()
        self._turn = 0

    # For the transport

    def is_consuming(self, queues: Sequence[str]) -> bool:
        """The broker pushes what comes to these."""
        consumed = {one.queue for one in self._consumers.values()}
        return bool(consumed) and consumed.issuperset(queues)

    def take(self, queues: Sequence[str], limit: int) -> list[tuple[str, Content]]:
        """What is here, of each queue in turn."""
        waiting = [queue for queue in self._in_turn(queues) if self._buffers.get(queue)]
        taken: list[tuple[str, Content]] = []
        while waiting and len(taken) < limit:
            share = max(1, (limit - len(taken)) // len(waiting))
            for queue in waiting:
                buffer = self._buffers[queue]
                for _ in range(min(share, len(buffer), limit - len(taken))):
                    taken.append((queue, buffer.popleft()))
            waiting = [queue for queue in waiting if self._buffers[queue]]
        return taken

    def ask(self, queues: Sequence[str], limit: int) -> None:
        """Ask each queue in turn for what it has, up to `limit` in all. Blocks until all have answered."""
        self.link.open()
        left, ahead = limit, list(self._in_turn(queues))
        while left > 0 and ahead:
            now, ahead = ahead[:left], ahead[left:]
            share = max(1, min(left, ASKED_AT_ONCE) // len(now))
            before = {queue: len(self._buffers.get(queue, ())) for queue in now if self._is_there(queue)}
            self._get([queue for queue in before for _ in range(share)])
            came = {queue: len(self._buffers.get(queue, ())) - count for queue, count in before.items()}
            left -= sum(came.values())
            ahead += [queue for queue, some in came.items() if some == share]

    def consume(self, queues: Sequence[str], limit: int) -> None:
        """Have the broker push what comes to these queues, and only these. Blocks until that is so."""
        self.link.open()
        for name, one in list(self._consumers.items()):
            if one.queue not in queues:
                self._cancel(name)
                buffer = self._buffers.pop(one.queue, ())
                self.holdings.give_back([content.number for content in buffer])
        if not queues:
            return
        wanted = max(1, -(-(self.holdings.handed_out + limit) // len(queues)))
        wanted = min(wanted + max(0, wanted - MANY), MOST)
        wants_more = False
        known = {one.queue: name for name, one in self._consumers.items()}
        for queue in queues:
            mine = known.get(queue)
            if mine is None:
                self._consume(queue, wanted)
            elif not self._fits(mine, wanted):
                if self._may_go(mine):
                    self._cancel(mine)
                    self._consume(queue, wanted)
                else:
                    wants_more = wants_more or wanted > self._consumers[mine].prefetch
        self.holdings.hold_back(wants_more)

    def look(self) -> bool:
        """Take in what has come. Never blocks. Raises if the connection is lost."""
        return self.link.read(0.0)

    def close(self) -> None:
        self.link.close()

    # What the link tells

    def opened(self, link: Link) -> None:
        self.holdings.clear()
        self._consumers, self._queues, self._buffers, self._asked = {}, {}, {}, deque()

    def delivered(self, content: Content) -> None:
        queue = self._queues[content.consumer] if content.consumer else self._asked.popleft()
        self.holdings.came(content.number, content.consumer)
        self._buffers.setdefault(queue, deque()).append(content)

    def got_nothing(self) -> None:
        self._asked.popleft()

    # One queue

    def _get(self, queues: Sequence[str]) -> None:
        self._asked.extend(queues)
        if queues:
            self.link.write(b"".join([frames.get(queue) for queue in queues]))
        while self._asked:
            self.link.read_answer()

    def _fits(self, name: str, wanted: int) -> bool:
        prefetch = self._consumers[name].prefetch
        return prefetch * 3 // 4 <= wanted <= prefetch * 5 // 4

    def _may_go(self, name: str) -> bool:
        """Whether nothing is on the way to a consumer: one that has all it may have, or has had nothing for a while.

        What is on its way to one that is cancelled returns to a quorum queue, which counts that, and comes after the
        others. One that shall have more gets there when no acknowledgement makes room for another delivery: they wait
        meanwhile (`Holdings.hold_back`), until nothing more comes, which shows that it needs no more.
        """
        unsettled = self.holdings.unsettled(name)
        if unsettled:
            return unsettled >= self._consumers[name].prefetch
        return clock.monotonic() - self.link.heard_at > QUIET_S

    def _consume(self, queue: str, prefetch: int) -> None:
        place = self._declarer.declare(self.link, queue)
        if place.arguments.get("x-queue-type") == "quorum":
            self._declarer.delay(self.link, queue)  # Celery's clients count on the worker for that.
        name = f"umbel{len(self._queues)}"
        self._queues[name] = queue
        self._consumers[name] = _Consumer(queue, prefetch)
        with self.link.calling():
            self.link.hot.basic_qos(0, prefetch, False)
            arguments = dict(place.consumer_arguments) if place.consumer_arguments else None
            self.link.hot.basic_consume(queue, name, arguments=arguments, on_cancel=self._cancelled)

    def _cancel(self, name: str) -> None:
        with self.link.calling():
            self.link.hot.basic_cancel(name)
        self._consumers.pop(name, None)

    def _cancelled(self, name: Any) -> None:
        """By the broker: the queue was deleted, or its node has gone."""
        consumer = self._consumers.pop(name, None)
        if consumer is not None:
            _log.warning("%s: the queue %r was deleted; making it again", self.link.where, consumer.queue)
            self._declarer.forget(consumer.queue)
            buffer = self._buffers.pop(consumer.queue, ())
            self.holdings.give_back([content.number for content in buffer])

    def _is_there(self, queue: str) -> bool:
        """To ask a queue that is not there closes the channel."""
        if self._declarer.knows(self.link, queue):
            return True
        if not exists(self.link, queue):
            return False
        self._declarer.declare(self.link, queue)
        return True

    def _in_turn(self, queues: Sequence[str]) -> Sequence[str]:
        self._turn += 1
        start = self._turn % len(queues) if queues else 0
        return [*islice(queues, start, None), *islice(queues, start)]
