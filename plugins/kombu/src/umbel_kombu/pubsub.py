"""kombu's Pub/Sub transport, with publishing that waits for the answer.

kombu leaves that to a thread of the client's, which gathers messages and sends them a little later: what it has not
sent when the process dies is lost, though the call has returned.
"""

from __future__ import annotations

from typing import Any

from kombu.transport.gcpubsub import Channel, PublisherClient, Transport
from kombu.utils.objects import cached_property

#: Seconds after which a publish has failed.
_PATIENCE_S = 60.0


class Confirming:
    """Google's client, but for this."""

    def __init__(self, client: PublisherClient) -> None:
        self._client = client

    def publish(self, *args: Any, **kwargs: Any) -> Any:
        return self._client.publish(*args, **kwargs).result(_PATIENCE_S)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class ConfirmingChannel(Channel):  # type: ignore[misc]
    @cached_property
    def publisher(self) -> Confirming:
        client = PublisherClient()
        client.batch_settings = client.batch_settings._replace(max_messages=1)  # It would wait for company.
        return Confirming(client)


class ConfirmingTransport(Transport):  # type: ignore[misc]
    Channel = ConfirmingChannel
