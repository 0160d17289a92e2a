"""Broadcasts: exchanges of the types that kombu gives to Celery's, and a queue of its own for each listener."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any
from weakref import WeakSet

from umbel import clock
from umbel.contracts import Fanout, FanoutSubscription
from umbel.exceptions import DecodeError
from umbel.model import Message
from umbel.wire.ids import new_id
from umbel_rabbitmq.envelope import decode
from umbel_rabbitmq.heart import Heart
from umbel_rabbitmq.link import Content, Link, Listener
from umbel_rabbitmq.opening import Opener
from umbel_rabbitmq.publishing import Publisher
from umbel_rabbitmq.waiting import Waiter


class Exchanges:
    """Those that were declared on a connection."""

    def __init__(self) -> None:
        self._opening = 0
        self._done: set[str] = set()

    def declare(self, link: Link, name: str) -> None:
        """Make it, unless somebody has, in whatever way. Blocks."""
        if link.openings != self._opening:
            self._opening, self._done = link.openings, set()
        if name in self._done:
            return
        with link.calling():
            try:
                link.desk.exchange_declare(name, "direct", passive=True)
            except Exception as error:
                if type(error).__name__ != "NotFound":
                    raise
                kind, durable = kind_of(name)
                link.desk.exchange_declare(name, kind, durable=durable, auto_delete=False)
        self._done.add(name)


def kind_of(exchange: str) -> tuple[str, bool]:
    """Type, and whether it is durable: commands to workers go to all (`celery.pidbox`), their answers to one
    (`reply.celery.pidbox`), and events to who asked for them (`celeryev`)."""
    if exchange.endswith(".pidbox"):
        return ("direct" if exchange.startswith("reply.") else "fanout"), False
    return "topic", True


class RabbitmqFanout(Fanout):
    def __init__(self, opener: Opener, publisher: Publisher, opened: WeakSet[RabbitmqSubscription]) -> None:
        self._opener = opener
        self._publisher = publisher
        self._opened = opened
        self._exchanges = Exchanges()

    def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        if not messages:
            return
        publisher = self._publisher
        posts = [publisher.post(one, "", exchange, one.routing_key) for one in messages]
        for post in posts:
            post.mandatory = False  # nobody need listen
        with publisher.lock:
            if not publisher.link.is_there():
                publisher.link.open()
            self._exchanges.declare(publisher.link, exchange)
            publisher.send(posts)

    def subscribe(self, exchange: str, patterns: Sequence[str] = ("#",)) -> FanoutSubscription:
        subscription = RabbitmqSubscription(self._opener, exchange, patterns)
        self._opened.add(subscription)
        return subscription


class RabbitmqSubscription(FanoutSubscription, Listener):
    def __init__(self, opener: Opener, exchange: str, patterns: Sequence[str]) -> None:
        """Listens when it returns."""
        self._exchange = exchange
        self._patterns = patterns
        self._heard: list[Message] = []
        self._waiter = Waiter()
        self._closed = False
        self._receiving = Lock()
        self._link = Link(opener, self, heartbeat=True)
        self._heart = Heart(self._link, self._look)
        self._link.open()
        self._heart.start()

    def receive(self, timeout_s: float) -> Sequence[Message]:
        deadline = clock.monotonic() + timeout_s
        with self._receiving:
            while not self._closed:
                self._link.open()
                self._link.read(0.0)
                if self._heard:
                    heard, self._heard = self._heard, []
                    return heard
                left_s = deadline - clock.monotonic()
                if self._waiter.was_woken() or left_s <= 0:
                    break
                self._waiter.wait(self._link, left_s)
        return ()

    def wake(self) -> None:
        self._waiter.wake()

    def close(self) -> None:
        self._closed = True
        self._waiter.wake()
        self._heart.stop()
        with self._receiving:
            self._link.close()
            self._waiter.close()

    # What the link tells

    def opened(self, link: Link) -> None:
        Exchanges().declare(link, self._exchange)
        queue = f"{self._exchange}.{new_id()}"[-200:]
        hot: Any = link.hot
        hot.queue_declare(queue, durable=False, exclusive=True, auto_delete=True)
        for pattern in self._patterns:
            hot.queue_bind(queue, self._exchange, pattern)
        hot.basic_consume(queue, no_ack=True)

    def delivered(self, content: Content) -> None:
        try:
            message, _ = decode(content.properties, content.body, "", content.exchange, content.routing_key)
        except DecodeError:
            return
        self._heard.append(message)

    def _look(self) -> None:
        if self._receiving.acquire(blocking=False):
            try:
                self._link.is_there()
            finally:
                self._receiving.release()
