"""Broadcasts, over PUBLISH and PSUBSCRIBE, on the channels that kombu uses: `/0.celeryev/task.sent` for the exchange
`celeryev` and the routing key `task.sent`, where 0 is the number of the database."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from threading import Lock
from weakref import WeakSet

from umbel import clock
from umbel.contracts import Fanout, FanoutSubscription
from umbel.exceptions import DecodeError, TemporaryError
from umbel.model import Message
from umbel_redis import answers
from umbel_redis.envelope import decode, encode
from umbel_redis.link import Link
from umbel_redis.nodes import Nodes
from umbel_redis.server import Server
from umbel_redis.topics import matches
from umbel_redis.waiting import Waiter

_log = logging.getLogger(__name__)

#: Seconds of silence after which the server is asked whether it is still there.
PING_AFTER_S = 10.0


class RedisFanout(Fanout):
    def __init__(self, server: Server, nodes: Nodes, opened: WeakSet[FanoutSubscription]) -> None:
        self._server = server
        self._nodes = nodes
        self._opened = opened
        prefix, settings = server.settings.fanout_prefix, server.settings
        if isinstance(prefix, bool):
            prefix = "/{db}." if prefix else ""
        self._keyprefix = settings.global_keyprefix
        self._prefix = settings.global_keyprefix + prefix.replace("{db}", str(server.location.db))

    def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        if answers.is_direct(exchange):
            answers.publish(self._nodes, self._keyprefix, exchange, messages)
        elif messages:
            commands = [("PUBLISH", self._channel(exchange, one.routing_key), encode(one, "")) for one in messages]
            self._nodes.any().pipeline(commands)

    def subscribe(self, exchange: str, patterns: Sequence[str] = ("#",)) -> FanoutSubscription:
        subscription: FanoutSubscription
        if answers.is_direct(exchange):
            subscription = answers.RedisAnswers(self._server, self._nodes, self._keyprefix, exchange, patterns)
        else:
            subscription = RedisFanoutSubscription(self._server, self._channel(exchange, ""), patterns)
        self._opened.add(subscription)
        return subscription

    def _channel(self, exchange: str, routing_key: str) -> str:
        if routing_key and self._server.settings.fanout_patterns:
            return f"{self._prefix}{exchange}/{routing_key}"
        return f"{self._prefix}{exchange}"


class RedisFanoutSubscription(FanoutSubscription):
    def __init__(self, server: Server, channel: str, patterns: Sequence[str]) -> None:
        """Listens when it returns."""
        self._channel = channel
        self._patterns = tuple(patterns)
        self._timeout_s = server.settings.socket_timeout or 4.0
        self._waiter = Waiter()
        self._closed = False
        self._receiving = Lock()
        self._heard_at = 0.0
        self._asked_at: float | None = None
        self._link = server.link(listens=True, prepare=self._listen)
        self._link.connect()

    def receive(self, timeout_s: float) -> Sequence[Message]:
        deadline = clock.monotonic() + timeout_s
        with self._receiving:
            while not self._closed:
                self._link.connect()
                if heard := self._hear():
                    return heard
                now = clock.monotonic()
                if self._waiter.was_woken() or now >= deadline:
                    break
                self._waiter.wait((self._link,), min(deadline, self._check(now)) - now)
        return ()

    def wake(self) -> None:
        self._waiter.wake()

    def close(self) -> None:
        self._closed = True
        self._waiter.wake()
        with self._receiving:
            self._link.close()
            self._waiter.close()

    def _listen(self, link: Link) -> None:
        escaped = re.sub(r"([*?\[\]\\])", r"\\\1", self._channel)
        link.send((("PSUBSCRIBE", escaped, f"{escaped}/*"),))
        for _ in range(2):
            link.read()
        self._heard_at, self._asked_at = clock.monotonic(), None

    def _hear(self) -> list[Message]:
        heard: list[Message] = []
        while (news := self._link.read_if_there()) is not None:
            self._heard_at, self._asked_at = clock.monotonic(), None
            if news[0] == b"pmessage":
                heard += self._message(news[2].decode(), news[3])
        return heard

    def _message(self, channel: str, envelope: bytes) -> list[Message]:
        try:
            message, _ = decode(envelope, "", 0)
        except DecodeError as error:
            _log.warning("Dropped what was broadcast on %s: %s: %.500r", channel, error, envelope)
            return []
        routing_key = channel[len(self._channel) + 1 :] or message.routing_key
        message.routing_key = routing_key
        return [message] if matches(self._patterns, routing_key) else []

    def _check(self, now: float) -> float:
        """When to look again. Raises `TemporaryError` if the server does not answer."""
        if self._asked_at is not None:
            if now - self._asked_at > self._timeout_s:
                self._link.drop()
                raise TemporaryError(f"{self._link.where}: no answer within {self._timeout_s} s")
            return self._asked_at + self._timeout_s
        if now - self._heard_at >= PING_AFTER_S:
            self._link.send((("PING",),))
            self._asked_at = now
            return now + self._timeout_s
        return self._heard_at + PING_AFTER_S
