"""Hearing of results that come as messages, to one queue for all that this process has called."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from weakref import WeakSet

from umbel import clock
from umbel.contracts import Subscription
from umbel.exceptions import DecodeError, DriverError
from umbel.model import Message, Record
from umbel.states import READY_STATES, SUCCESS
from umbel_rabbitmq import frames
from umbel_rabbitmq.envelope import decode
from umbel_rabbitmq.heart import Heart
from umbel_rabbitmq.link import Content, Link, Listener
from umbel_rabbitmq.opening import Opener
from umbel_rabbitmq.publishing import Publisher
from umbel_rabbitmq.replyqueue import make
from umbel_rabbitmq.waiting import Waiter

#: So many are sent before any is acknowledged; and so many are acknowledged together, fewer when nothing is to be done.
PREFETCH, TOGETHER = 1000, 100
#: So many are kept for who may still ask.
MOST = 100_000
#: Seconds that one listener lets another one read.
TURN_S = 0.1


class Replies(Listener):
    """One connection for all that this process waits for; who waits reads for all."""

    def __init__(self, opener: Opener, queue: Callable[[], str], record: Callable[[Message], Record | None]) -> None:
        """`record` reads a message."""
        self.link = Link(opener, self, heartbeat=True)
        self.subscriptions: WeakSet[RpcSubscription] = WeakSet()
        self._settings = opener.settings
        self._queue = queue
        self._record = record
        self._reading = Lock()
        self._heart = Heart(self.link, self.look)
        #: What has come, by the task, the oldest first.
        self._records: dict[str, Record] = {}
        self._news: list[Record] = []
        #: The number of the last that has come, and of the last that was acknowledged.
        self._came = self._acknowledged = 0
        #: As of which connection that publishes the queue is there.
        self._made = 0

    def get(self, task_id: str) -> Record | None:
        return self._records.get(task_id)

    def make(self, publisher: Publisher) -> None:
        """See to it that there is a queue, before something is sent to it. Blocks."""
        with publisher.lock:
            if not publisher.link.is_there():
                publisher.link.open()
            if self._made != publisher.link.openings:
                with publisher.link.calling():
                    make(publisher.link.desk, self._queue(), self._settings)
                self._made = publisher.link.openings

    def forget(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            self._records.pop(task_id, None)

    def read(self, waiter: Waiter, timeout_s: float) -> None:
        """Take in what comes; blocks up to `timeout_s` seconds for the first, or while another one reads."""
        if self._reading.acquire(blocking=False):
            try:
                self._open()
                # To see that the connection is there is to take in what has come.
                if not self._news and not self.link.is_readable():
                    waiter.wait(self.link, timeout_s)
                self.link.read(0.0)
                self._spread()
            finally:
                self._reading.release()
        else:
            waiter.wait(None, min(timeout_s, TURN_S))

    def look(self) -> None:
        """Take in what has come, and acknowledge it. Never blocks."""
        if self._reading.acquire(blocking=False):
            try:
                self.link.is_there()
                self._spread()
                self._acknowledge(1)
            finally:
                self._reading.release()

    def catch_up(self) -> None:
        """Take in all that the queue has now. Blocks for two round trips, unless another one reads anyway.

        What the queue sends before it answers the first question is with the channel, which passes it on before the
        answer to the second one. It may answer before it has heard of acknowledgements, and says then that there is
        more.
        """
        if self._reading.acquire(blocking=False):
            try:
                self._open()
                while True:
                    with self.link.calling():
                        for _ in range(2):
                            left = self.link.hot.queue_declare(self._queue(), passive=True).message_count
                    came = bool(self._news)
                    self._spread()
                    self._acknowledge(1)  # What is forgotten now shall not come again.
                    if not left and not came:
                        break
            finally:
                self._reading.release()

    def close(self) -> None:
        self._heart.stop()
        with self._reading:
            if self.link.is_open:
                with suppress(DriverError), self.link.calling():
                    self.link.hot.basic_cancel("results")
                    self.link.desk.queue_delete(self._queue())
            self.link.close()

    def _open(self) -> None:
        if not self.link.is_there():
            self.link.open()
            self._heart.start()

    def _spread(self) -> None:
        """Tell the others; and the broker, when it is worth it: who waits for a result need not wait for that."""
        news, self._news = self._news, []
        if news:
            for subscription in list(self.subscriptions):
                subscription.hear(news)
        self._acknowledge(TOGETHER if self.link.heartbeat_s else 1)

    def _acknowledge(self, least: int) -> None:
        """What has come, if that is so many. The heart sees to the last of them; after a lost connection they come
        again, and are known."""
        if self._came - self._acknowledged >= least and self.link.is_open:
            self._acknowledged = self._came
            self.link.write(frames.ack(self._came, multiple=True))

    # What the link tells

    def opened(self, link: Link) -> None:
        self._came = self._acknowledged = 0
        make(link.desk, self._queue(), self._settings)
        link.hot.basic_qos(0, PREFETCH, False)
        link.hot.basic_consume(self._queue(), "results")

    def delivered(self, content: Content) -> None:
        self._came = content.number
        try:
            message, _ = decode(content.properties, content.body, "", "", "")
        except DecodeError:
            return
        record = self._record(message)
        before = None if record is None else self._records.pop(record.task_id, None)
        if before is not None and before.state == SUCCESS:
            record = before
        if record is not None:
            self._records[record.task_id] = record
            self._news.append(record)
        while len(self._records) > MOST:
            del self._records[next(iter(self._records))]


class RpcSubscription(Subscription):
    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._waiter = Waiter()
        self._awaited: set[str] = set()
        self._ready: deque[Record] = deque()
        self._closed = False
        self._receiving = Lock()
        replies.subscriptions.add(self)

    def add(self, task_ids: Sequence[str]) -> None:
        for task_id in task_ids:
            if task_id not in self._awaited:
                self._awaited.add(task_id)
                found = self._replies.get(task_id)
                if found is not None:
                    self.hear([found])
        self._waiter.nudge()

    def discard(self, task_ids: Sequence[str]) -> None:
        self._awaited.difference_update(task_ids)

    def hear(self, records: Sequence[Record]) -> None:
        """What has come for anybody."""
        mine = [one for one in records if one.state in READY_STATES and one.task_id in self._awaited]
        for record in mine:
            self._awaited.discard(record.task_id)
            self._ready.append(record)
        if mine:
            self._waiter.nudge()

    def receive(self, timeout_s: float) -> Sequence[Record]:
        deadline = clock.monotonic() + timeout_s
        with self._receiving:
            caught_up = False
            while not self._closed:
                if self._ready:
                    heard = list(self._ready)
                    self._ready.clear()
                    return heard
                left_s = deadline - clock.monotonic()
                if self._waiter.was_woken() or (left_s <= 0 and caught_up):
                    break
                if left_s <= 0:
                    # What is ready already is to be returned by this very call, however little time it has.
                    self._replies.catch_up()
                    caught_up = True
                else:
                    self._replies.read(self._waiter, left_s)
        return ()

    def wake(self) -> None:
        self._waiter.wake()

    def close(self) -> None:
        self._closed = True
        self._waiter.wake()
        self._replies.subscriptions.discard(self)
        with self._receiving:
            self._waiter.close()
