"""Answers to broadcasts: they go through exchanges that kombu calls direct, `reply.celery.pidbox` and its like. There a
message goes to the queues that are bound with its routing key, and waits for who asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock

from umbel import clock
from umbel.contracts import FanoutSubscription
from umbel.exceptions import DecodeError, DriverError
from umbel.model import Message
from umbel_redis.envelope import decode, encode
from umbel_redis.link import Link
from umbel_redis.nodes import Nodes
from umbel_redis.server import Server
from umbel_redis.waiting import Waiter

_log = logging.getLogger(__name__)

_SEPARATOR = "\x06\x16"
#: Seconds after which an answer is gone that nobody has read.
_ABANDONED_S = 300


def is_direct(exchange: str) -> bool:
    """Whether kombu declares the exchange as a direct one."""
    return exchange.startswith("reply.") and exchange.endswith(".pidbox")


def publish(nodes: Nodes, prefix: str, exchange: str, messages: Sequence[Message]) -> None:
    """To the queues of who waits; who has gone in the meantime gets nothing."""
    key = _binding(prefix, exchange)
    bound = [member.decode().split(_SEPARATOR) for member in nodes.link(key).call("SMEMBERS", key)]
    for message in messages:
        for queue in {queue for routing_key, _, queue in bound if routing_key == message.routing_key}:
            name = prefix + queue
            commands = (("LPUSH", name, encode(message, "")), ("EXPIRE", name, _ABANDONED_S))
            nodes.link(name).pipeline(commands)


def _binding(prefix: str, exchange: str) -> str:
    return f"{prefix}_kombu.binding.{exchange}"


class RedisAnswers(FanoutSubscription):
    """Somebody who waits for answers, under routing keys of his own."""

    def __init__(self, server: Server, nodes: Nodes, prefix: str, exchange: str, routing_keys: Sequence[str]) -> None:
        """Can be answered when it returns."""
        self._nodes = nodes
        self._key = _binding(prefix, exchange)
        self._members = [_SEPARATOR.join((key, "", f"{key}.{exchange}")) for key in routing_keys]
        self._names = [f"{prefix}{key}.{exchange}" for key in routing_keys]
        self._waiter = Waiter()
        self._receiving = Lock()
        self._closed = False
        # In a cluster each list is in a slot of its own.
        self._links = [self._link(server, name) for name in self._names]
        for link in self._links:
            link.connect()

    def _link(self, server: Server, name: str) -> Link:
        return server.link(
            address=self._nodes.link(name).address, listens=True, prepare=lambda link: self._ask(link, name)
        )

    def _ask(self, link: Link, name: str) -> None:
        self._nodes.link(self._key).call("SADD", self._key, *self._members)
        link.send((("BRPOP", name, 0),))

    def receive(self, timeout_s: float) -> Sequence[Message]:
        deadline = clock.monotonic() + timeout_s
        with self._receiving:
            while not self._closed:
                for link in self._links:
                    link.connect()
                if heard := [message for link in self._links for message in self._hear(link)]:
                    return heard
                left_s = deadline - clock.monotonic()
                if self._waiter.was_woken() or left_s <= 0:
                    break
                self._waiter.wait(self._links, left_s)
        return ()

    def _hear(self, link: Link) -> list[Message]:
        heard = []
        while (news := link.read_if_there()) is not None:
            name, envelope = news
            link.send((("BRPOP", name, 0),))
            try:
                message, _ = decode(envelope, "", 0)
            except DecodeError as error:
                _log.warning("Dropped what was said to be an answer: %s: %.500r", error, envelope)
                continue
            heard.append(message)
        return heard

    def wake(self) -> None:
        self._waiter.wake()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._waiter.wake()
        with self._receiving:
            for link in self._links:
                link.close()
            self._waiter.close()
        with suppress(DriverError):  # what is left behind is dropped in its time
            self._nodes.link(self._key).call("SREM", self._key, *self._members)
            for name in self._names:
                self._nodes.link(name).call("DEL", name)
