"""A double of SoftLayer's client, as far as kombu's transport `slmq` uses it. The service has been shut down."""

from __future__ import annotations

from typing import Any

import seam_store

from softlayer_messaging.errors import ResponseError


def get_client(account: str, endpoint: str) -> Client:
    return Client()


class Client:
    def __init__(self) -> None:
        self._store = seam_store.connected()

    def authenticate(self, user: str, key: str) -> None:
        """Everybody may."""

    def queues(self) -> list[Queue]:
        return [Queue(self._store, name) for name in self._store.names()]

    def create_queue(self, name: str, visibility_timeout: float) -> None:
        if not self._store.make(name):
            raise ResponseError(name)

    def queue(self, name: str) -> Queue:
        return Queue(self._store, name)


class Queue:
    def __init__(self, store: Any, name: str) -> None:
        self._store = store
        self.name = name

    def push(self, body: str) -> None:
        self._store.put(self.name, body)

    def pop(self, limit: int) -> dict[str, Any]:
        taken = self._store.take(self.name, 1800.0)
        return {"items": [{"id": taken[0], "body": taken[1]}] if taken else []}

    def message(self, id: int) -> Message:
        return Message(self._store, self.name, id)

    def detail(self) -> dict[str, int]:
        return {"message_count": self._store.size(self.name)}

    def delete(self, force: bool = False) -> None:
        self._store.drop(self.name)


class Message:
    def __init__(self, store: Any, queue: str, id: int) -> None:
        self._delete = lambda: store.done(queue, id)

    def delete(self) -> None:
        self._delete()
