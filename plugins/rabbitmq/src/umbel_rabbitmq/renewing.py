"""Holding on to a delivery for longer than the broker allows.

A broker closes the channel on which a delivery was not acknowledged for `consumer_timeout`, half an hour if nobody has
said otherwise (https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout), and all that the channel held comes
back while it still runs. So what has run for half of that is held anew: a copy goes to a queue of this process alone,
from where it is delivered at once, and the old delivery is acknowledged. Should this process die, the copy is put back
into that queue, has been there for too long already (`x-message-ttl`), and goes to where it belongs
(`x-dead-letter-routing-key`).
"""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex
from threading import Lock

from umbel import clock
from umbel.exceptions import TemporaryError
from umbel.model import Delivery
from umbel_rabbitmq.envelope import HISTORY, LOST, message_id_of
from umbel_rabbitmq.heart import Heart
from umbel_rabbitmq.holding import Hold, Holdings
from umbel_rabbitmq.link import Content, Link, Listener
from umbel_rabbitmq.losses import HELD, as_header, identity
from umbel_rabbitmq.opening import Opener
from umbel_rabbitmq.publishing import Post, Publisher

#: Milliseconds for which a copy may wait to be delivered here; and for which its queue outlives this process.
WAITS_MS, EXPIRES_MS = 10_000, 600_000


class Renewer(Listener):
    """Has a connection of its own, which is opened when it is first needed."""

    def __init__(self, opener: Opener, publisher: Publisher) -> None:
        self.link = Link(opener, self, heartbeat=True)
        self.holdings = Holdings(self.link)
        self._limit_s = opener.settings.consumer_timeout
        self._timeout_s = opener.settings.confirm_timeout
        self._publisher = publisher
        self._heart = Heart(self.link, self._look)
        self._token = token_hex(6)
        self._queues: set[str] = set()
        self._came: dict[str, int] = {}
        self._reading = Lock()

    def renew(self, deliveries: Sequence[Delivery]) -> None:
        """Those that have been held for half of the time that the broker allows. Blocks if there are any."""
        if self._limit_s is None:
            return
        before = clock.monotonic() - self._limit_s / 2
        stale = [one for one in deliveries if one.tag.since < before and one.tag.is_held]
        if stale:
            with self._reading:
                self._renew(stale)

    def close(self) -> None:
        self._heart.stop()
        with self._reading:
            self.link.close()

    def _renew(self, stale: Sequence[Delivery]) -> None:
        if not self.link.is_there():
            self.link.open()
            self._heart.start()
        for queue in dict.fromkeys(one.tag.queue for one in stale):
            self._make(queue)
        posts = [self._copy(one) for one in stale]
        self._publisher.send(posts)
        deadline = clock.monotonic() + self._timeout_s
        for delivery, post in zip(stale, posts, strict=True):
            while post.message_id not in self._came:
                if not self.link.read(deadline - clock.monotonic()):
                    raise TemporaryError(f"{self.link.where}: what was to be held anew has not come")
            hold: Hold = delivery.tag
            number = self._came.pop(post.message_id)
            if not hold.keeper.pass_on(hold, self.holdings, number):
                self.holdings.drop(number)  # The delivery was settled meanwhile.

    def _make(self, queue: str) -> None:
        """The queue of this process for what another queue has delivered."""
        if queue in self._queues:
            return
        arguments = {
            "x-message-ttl": WAITS_MS,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": queue,
            "x-expires": EXPIRES_MS,
        }
        name = self._name(queue)
        with self.link.calling():
            self.link.hot.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
            self.link.hot.basic_consume(name, on_cancel=lambda _: self._queues.discard(queue))
        self._queues.add(queue)

    def _name(self, queue: str) -> str:
        return f"{HELD}{self._token}.{queue}"

    def _copy(self, delivery: Delivery) -> Post:
        message, hold = delivery.message, delivery.tag
        message.properties["message_id"] = identity(message)
        own = {LOST: delivery.lost, HISTORY: as_header(hold.history)} if delivery.lost else None
        return self._publisher.post(message, "", "", self._name(hold.queue), own)

    # What the link tells

    def opened(self, link: Link) -> None:
        self.holdings.clear()
        self._queues, self._came = set(), {}

    def delivered(self, content: Content) -> None:
        self.holdings.came(content.number)
        self._came[message_id_of(content.properties)] = content.number

    def _look(self) -> None:
        if self._reading.acquire(blocking=False):
            try:
                self.link.is_there()
            finally:
                self._reading.release()
