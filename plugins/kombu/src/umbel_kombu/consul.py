"""kombu's Consul transport, with looks that do not wait for news.

kombu asks Consul to wait until a queue has changed since its last look, which may have been at another queue: what was
there before stays unseen, for ten seconds at a time. Here a look takes what is there.
"""

from __future__ import annotations

from kombu.transport.consul import Channel, Transport


class LookingChannel(Channel):  # type: ignore[misc]
    @property
    def index(self) -> None:
        """What kombu has seen last; nothing, so that Consul answers at once."""

    @index.setter
    def index(self, seen: object) -> None:
        """It is not kept."""


class LookingTransport(Transport):  # type: ignore[misc]
    Channel = LookingChannel
