"""Connections, sessions, senders and receivers. What a connection holds when it is closed is given back."""

from __future__ import annotations

from typing import Any

import seam_store

from qpid.messaging import exceptions as exceptions

RELEASED, REJECTED = "released", "rejected"


class Disposition:
    def __init__(self, kind: str) -> None:
        self.kind = kind


class Message:
    def __init__(self, content: Any, durable: bool = False, subject: str | None = None) -> None:
        self.content = content
        #: Of a message that was received: its queue and its number there.
        self.place: tuple[str, int] | None = None


class Connection:
    @classmethod
    def establish(cls, **options: Any) -> Connection:
        return cls()

    def __init__(self) -> None:
        self.store = seam_store.connected()
        self.held: set[tuple[str, int]] = set()

    def session(self) -> Session:
        return Session(self)

    def set_async_exception_notify_handler(self, handler: Any) -> None:
        """Nothing happens behind anyone's back here."""

    def close(self) -> None:
        while self.held:
            self.store.back(*self.held.pop())


class Session:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._receivers: list[Receiver] = []

    def sender(self, address: str) -> Sender:
        return Sender(self._connection, address.partition(";")[0])

    def receiver(self, queue: str) -> Receiver:
        self._receivers.append(Receiver(self._connection, queue, self._receivers))
        return self._receivers[-1]

    def next_receiver(self, timeout: float) -> Receiver:
        """The next one in turn that has a message."""
        for _ in self._receivers:
            self._receivers.append(self._receivers.pop(0))
            if self._receivers[-1].look():
                return self._receivers[-1]
        raise exceptions.Empty

    def acknowledge(self, message: Message, disposition: Disposition | None = None) -> None:
        assert message.place is not None
        self._connection.held.discard(message.place)
        is_back = disposition is not None and disposition.kind == RELEASED
        (self._connection.store.back if is_back else self._connection.store.done)(*message.place)

    def set_message_received_notify_handler(self, handler: Any) -> None:
        """Nobody waits here."""

    set_async_exception_notify_handler = set_message_received_notify_handler


class Sender:
    def __init__(self, connection: Connection, queue: str) -> None:
        self._connection = connection
        self._queue = queue

    def send(self, message: Message, sync: bool) -> None:
        self._connection.store.put(self._queue, message.content)

    def close(self) -> None:
        """There is nothing."""


class Receiver:
    capacity = 0

    def __init__(self, connection: Connection, queue: str, all_: list[Receiver]) -> None:
        self.source = queue
        self._connection = connection
        self._all = all_
        self._next: Message | None = None

    def look(self) -> bool:
        taken = self._connection.store.take(self.source, 3600.0)
        if taken is None:
            return False
        self._next = Message(taken[1])
        self._next.place = (self.source, taken[0])
        self._connection.held.add(self._next.place)
        return True

    def fetch(self) -> Message:
        found, self._next = self._next, None
        assert found is not None
        return found

    def close(self) -> None:
        self._all.remove(self)
