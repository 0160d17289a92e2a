"""Putting messages on their queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from umbel.exceptions import UnsupportedError
from umbel.model import Message
from umbel_kombu.envelope import encode
from umbel_kombu.kinds import Kind
from umbel_kombu.link import Link


class Publisher:
    """One for each transport, on a connection of its own."""

    def __init__(self, link: Link, kind: Kind) -> None:
        self.link = link
        #: Whether a message may say another exchange and routing key than those of its queue.
        self._says_route = not kind.binds
        #: The queues that this process has published to.
        self.seen: set[str] = set()

    def publish(self, messages: Sequence[Message]) -> None:
        if any(message.due is not None for message in messages):
            raise UnsupportedError("kombu's transports do not delay: whoever receives a message must wait for its time")
        with self.link.channel() as channel:
            # All are made before the first is sent: one that cannot be made keeps back the others.
            made = [(message, encode(channel, message, self.link.is_virtual)) for message in messages]
            for message, envelope in made:
                self.link.declare(message.queue)
                self.seen.add(message.queue)
                self._put(channel, message, envelope)

    def put_back(self, queue: str, received: Any) -> None:
        """A copy of what was received, at the end of its queue, as it was routed first."""
        with self.link.channel() as channel:
            self.link.declare(queue)
            properties = dict(received.properties)
            said = properties.get("delivery_info", {}) if self._says_route else {}
            exchange, routing_key = (said.get(key) or "" for key in ("exchange", "routing_key"))
            envelope = channel.prepare_message(
                received.body,
                content_type=received.content_type,
                content_encoding=received.content_encoding,
                headers=received.headers,
                properties={**properties, "delivery_info": {}},
            )
            channel._inplace_augment_message(envelope, exchange, routing_key or queue)
            channel._put(queue, envelope)

    def _put(self, channel: Any, message: Message, envelope: Any) -> None:
        if message.exchange and self.link.is_virtual and self._says_route:
            # The queue is known; its exchange and bindings may be known to others only. The message says them as sent.
            channel._inplace_augment_message(envelope, message.exchange, message.routing_key or message.queue)
            channel._put(message.queue, envelope)
        else:
            channel.basic_publish(envelope, exchange="", routing_key=message.queue)
