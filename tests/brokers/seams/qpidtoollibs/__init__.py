"""A double of the management of a Qpid broker, as far as kombu's transport uses it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class BrokerAgent:
    def __init__(self, connection: Any) -> None:
        self._store = connection.store

    def addQueue(self, name: str, options: dict[str, Any]) -> None:
        if not self._store.make(name):
            raise Exception("object already exists")

    def getQueue(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(values={"msgDepth": self._store.size(name), "consumerCount": 0})

    def close(self) -> None:
        """There is nothing."""
