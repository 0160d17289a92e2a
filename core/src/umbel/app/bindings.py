"""Which of `task_queues` gets what is sent to an exchange: for brokers that have queues alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen


@frozen
class Binding:
    """A queue gets what is sent to this exchange with a routing key that fits."""

    queue: str
    exchange: str
    type: str
    key: str

    def fits(self, exchange: str, key: str) -> bool:
        """As AMQP 0-9-1, section 3.1.3, says of exchanges of its type."""
        if exchange != self.exchange:
            return False
        if self.type == "topic":
            pattern = re.escape(self.key).replace(r"\*", r"[^.]+").replace(r"\.\#", r"(\..*)?")
            return re.fullmatch(pattern.replace(r"\#\.", r"(.*\.)?").replace(r"\#", ".*"), key) is not None
        return self.type == "fanout" or key == self.key


class Bindings:
    """Read from names, kombu's queues (told by their attributes), or a dict of names to options."""

    def __init__(self, task_queues: Any) -> None:
        self._bindings = list(_read(task_queues)) if task_queues else []
        self.queues = frozenset(binding.queue for binding in self._bindings)

    def find(self, exchange: str, key: str) -> str | None:
        """The first queue that gets it. Where the broker has exchanges, it hands the message to all of them."""
        return next((binding.queue for binding in self._bindings if binding.fits(exchange, key)), None)


def _read(task_queues: Any) -> Iterator[Binding]:
    if isinstance(task_queues, Mapping):
        for name, options in task_queues.items():
            said = options or {}
            exchange = said.get("exchange") or name
            type_ = str(said.get("exchange_type") or getattr(exchange, "type", "direct"))
            key = str(said.get("routing_key") or said.get("binding_key") or name)
            yield Binding(name, str(getattr(exchange, "name", exchange)), type_, key)
        return
    for queue in task_queues:
        if isinstance(queue, str):
            yield Binding(queue, queue, "direct", queue)
            continue
        for one in (queue, *(queue.bindings or ())):
            exchange = one.exchange
            name, type_ = getattr(exchange, "name", "") or "", getattr(exchange, "type", None) or "direct"
            yield Binding(queue.name, name, type_, one.routing_key or "")
