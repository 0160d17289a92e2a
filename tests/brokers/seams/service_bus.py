"""Azure's Service Bus: kombu's transport over doubles of the client, whose errors and messages are the real ones'."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import seam_store
from azure.core.exceptions import ResourceExistsError
from azure.servicebus.exceptions import MessageLockLostError
from kombu.transport import azureservicebus

from umbel_kombu.transport import KombuTransport

#: Seconds for which a message is locked.
LOCK_S = 60.0


class Received:
    """A message that is locked for its receiver."""

    def __init__(self, queue: str, number: int, body: Any, taken: int) -> None:
        self.queue = queue
        self.number = number
        self.body = [bytes(part) for part in body]
        self.delivery_count = taken


class Client:
    """Senders and receivers, and the management of queues."""

    @classmethod
    def from_connection_string(cls, text: str, **options: Any) -> Client:
        return cls()

    def __init__(self) -> None:
        self._store = seam_store.connected()

    def create_queue(self, queue_name: str, lock_duration: str) -> None:
        if not self._store.make(queue_name):
            raise ResourceExistsError

    def get_queue_runtime_properties(self, queue_name: str) -> Any:
        return SimpleNamespace(total_message_count=self._store.size(queue_name))

    def get_queue_sender(self, queue_name: str, **options: Any) -> Link:
        return Link(self._store, queue_name)

    def get_queue_receiver(self, queue_name: str, **options: Any) -> Link:
        return Link(self._store, queue_name)


class Link:
    def __init__(self, store: Any, queue: str) -> None:
        self._store = store
        self._queue = queue

    def send_messages(self, message: Any) -> None:
        self._store.put(self._queue, list(message.body))

    def receive_messages(self, max_message_count: int, max_wait_time: float) -> list[Received]:
        taken = self._store.take(self._queue, LOCK_S)
        return [Received(self._queue, *taken)] if taken else []

    def complete_message(self, message: Received) -> None:
        if not self._store.done(message.queue, message.number):
            raise MessageLockLostError

    def renew(self, message: Received) -> bool:
        renewed: bool = self._store.renew(message.queue, message.number, message.delivery_count, LOCK_S)
        return renewed

    def __enter__(self) -> Link:
        return self

    def close(self) -> None:
        """There is nothing."""


class Renewer:
    """Azure's renews what it was given, on threads of its own; this one when it is told to."""

    registered: list[tuple[Link, Received]] = []  # noqa: RUF012

    def __init__(self, max_lock_renewal_duration: float) -> None:
        """For so many seconds."""

    def register(self, receiver: Link, message: Received, on_lock_renew_failure: Any) -> None:
        self.registered.append((receiver, message))

    def close(self) -> None:
        self.registered.clear()


class ServiceBusAtSeam(KombuTransport):
    """The class of another process, too: where it is imported, kombu has the doubles."""

    contract_version = 1


azureservicebus.ServiceBusClient = Client
azureservicebus.ServiceBusAdministrationClient = Client
azureservicebus.AutoLockRenewer = Renewer
