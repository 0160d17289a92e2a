"""The contract of a consumer: something in a worker that takes messages which are not tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from umbel.contracts.bootstep import WorkerContext
from umbel.model.message import Delivery, Message, Settlement


class Consumer(ABC):
    """Takes messages beside the tasks: remote control, gossip, your own. It has a thread of its own in the worker.

    Features: `queues` (it takes leased deliveries from `queues`), `fanout` (it listens to `exchange`). One of them.
    """

    contract_version: ClassVar[int]
    features: ClassVar[frozenset[str]] = frozenset()
    #: With `fanout`: the exchange, and the patterns of the routing keys.
    exchange: str = ""
    patterns: Sequence[str] = ("#",)
    #: With `queues`: their names.
    queues: Sequence[str] = ()

    @abstractmethod
    def start(self, worker: WorkerContext) -> None:
        """Called once before the first message. Afterwards `exchange` or `queues` say where to listen; if neither does,
        nothing will come."""

    def receive(self, deliveries: Sequence[Delivery]) -> Sequence[Settlement]:
        """Handle leased messages; what is not settled here is put back (feature `queues`)."""
        raise NotImplementedError

    def hear(self, messages: Sequence[Message]) -> None:
        """Handle broadcast messages (feature `fanout`)."""
        raise NotImplementedError

    def stop(self) -> None:
        """Called once, after the last message."""
