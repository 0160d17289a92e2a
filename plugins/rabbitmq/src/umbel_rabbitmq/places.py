"""Which queues, exchanges and bindings there shall be, as `task_queues` and the defaults say.

kombu's objects are told by their attributes: whoever has them has kombu, and nobody else needs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import Factory, frozen

from umbel.exceptions import ImproperlyConfigured, PermanentError
from umbel_rabbitmq.settings import RabbitmqSettings

#: A worker's own queue has the worker's name and this, and is behind this exchange, as in Celery (`worker_direct`).
_DIRECT, _DIRECT_EXCHANGE = ".dq2", "C.dq2"


@frozen
class Exchange:
    """An exchange; without a name it is the default one, which has every queue under its name."""

    name: str = ""
    type: str = "direct"
    durable: bool = True
    auto_delete: bool = False
    arguments: Mapping[str, Any] | None = None
    #: It is somebody else's to declare.
    passive: bool = False


@frozen
class Binding:
    exchange: Exchange
    routing_key: str = ""
    arguments: Mapping[str, Any] | None = None


@frozen
class Place:
    """A queue with its bindings; the first one says how a message gets there."""

    name: str
    bindings: tuple[Binding, ...] = ()
    arguments: Mapping[str, Any] = Factory(dict)
    consumer_arguments: Mapping[str, Any] | None = None
    durable: bool = True
    exclusive: bool = False
    auto_delete: bool = False
    passive: bool = False
    #: Somebody has said what it shall be like. One that only was named is taken as it is found.
    declared: bool = True

    @property
    def address(self) -> tuple[str, str]:
        """Exchange and routing key. As in Celery, a queue behind a direct exchange is reached by its name."""
        if not self.bindings or self.bindings[0].exchange.type == "direct" or not self.bindings[0].exchange.name:
            return "", self.name
        return self.bindings[0].exchange.name, self.bindings[0].routing_key

    @property
    def buries(self) -> bool:
        """The broker has a place for what is rejected."""
        return "x-dead-letter-exchange" in self.arguments


class Places:
    """The queues by name. Raises `ImproperlyConfigured` for what is none."""

    def __init__(self, settings: RabbitmqSettings) -> None:
        self._settings = settings
        self._said = {place.name: place for place in self._read(settings.queues)}
        self._known: dict[str, Place] = {}

    @property
    def names(self) -> list[str]:
        """The queues that the settings name."""
        return list(self._said) or [self._settings.default_queue]

    def says(self, name: str) -> bool:
        """Whether the settings say what the queue shall be like."""
        return name in self._said

    def __getitem__(self, name: str) -> Place:
        place = self._said.get(name) or self._known.get(name)
        if place is None:
            if not self._settings.create_missing_queues and self._said and not name.endswith(_DIRECT):
                raise PermanentError(f"the queue {name!r} is not in task_queues, and no others are to be made")
            place = self._known[name] = self._missing(name)
        return place

    def _missing(self, name: str) -> Place:
        settings = self._settings
        if name.endswith(_DIRECT):
            own = Binding(Exchange(_DIRECT_EXCHANGE, "direct"), name.removesuffix(_DIRECT))
            return Place(name, (own,), self._arguments("", {}), declared=False)
        is_default = name == settings.default_queue
        type_ = settings.default_queue_type if is_default else settings.create_missing_queue_type
        exchange = Exchange(name, settings.create_missing_queue_exchange_type or settings.default_exchange_type)
        key = name
        if is_default:
            exchange = Exchange(settings.default_exchange or name, settings.default_exchange_type)
            key = settings.default_routing_key or name
        return Place(name, (Binding(exchange, key),), self._arguments(type_, {}), declared=False)

    def _arguments(self, type_: str, said: Mapping[str, Any]) -> dict[str, Any]:
        arguments = {**({"x-queue-type": "quorum"} if type_ == "quorum" else {}), **said}
        highest = self._settings.queue_max_priority
        if highest is not None and arguments.get("x-queue-type", "classic") == "classic":
            arguments.setdefault("x-max-priority", highest)
        return arguments

    def _read(self, queues: Any) -> Iterator[Place]:
        if isinstance(queues, Mapping):
            for name, options in queues.items():
                yield self._of_options(name, options or {})
            return
        for queue in queues or ():
            if isinstance(queue, str):
                yield self._missing(queue)
            elif hasattr(queue, "name") and hasattr(queue, "queue_arguments"):
                yield self._of_kombu(queue)
            else:
                raise ImproperlyConfigured(f"task_queues: expected a name or a kombu.Queue, found {queue!r}")

    def _of_options(self, name: str, options: Mapping[str, Any]) -> Place:
        """As in Celery: exchange, exchange_type, routing_key, queue_arguments, durable and so on."""
        exchange = options.get("exchange") or Exchange(
            name, options.get("exchange_type") or self._settings.default_exchange_type
        )
        if isinstance(exchange, str):
            exchange = Exchange(exchange, options.get("exchange_type") or self._settings.default_exchange_type)
        key = options.get("routing_key") or options.get("binding_key") or name
        given = options.get("queue_arguments") or {}
        binding = Binding(_exchange(exchange), key, options.get("binding_arguments"))
        durable, auto_delete = bool(options.get("durable", True)), bool(options.get("auto_delete", False))
        return Place(name, (binding,), self._arguments("", given), None, durable, False, auto_delete)

    def _of_kombu(self, queue: Any) -> Place:
        # kombu keeps them as a set. As in Celery, a queue that has nothing else is reached by its name.
        bindings = [
            Binding(_exchange(one.exchange), one.routing_key or "", one.arguments) for one in queue.bindings or ()
        ]
        bindings.sort(key=lambda one: (one.exchange.name, one.routing_key))
        own = Binding(Exchange())
        if queue.exchange is not None:
            own = Binding(_exchange(queue.exchange), queue.routing_key or "", queue.binding_arguments)
        bindings.insert(0, own)
        return Place(
            queue.name,
            tuple(bindings),
            self._arguments("", _arguments_of(queue)),
            getattr(queue, "consumer_arguments", None),
            bool(queue.durable),
            bool(queue.exclusive),
            bool(queue.auto_delete),
            passive=bool(getattr(queue, "no_declare", False)),
        )


def _exchange(exchange: Any) -> Exchange:
    if isinstance(exchange, Exchange):
        return exchange
    return Exchange(
        exchange.name or "",
        exchange.type or "direct",
        bool(exchange.durable),
        bool(exchange.auto_delete),
        exchange.arguments,
        bool(getattr(exchange, "passive", False) or getattr(exchange, "no_declare", False)),
    )


def _arguments_of(queue: Any) -> dict[str, Any]:
    """kombu has attributes for some of them, in seconds where RabbitMQ counts milliseconds."""
    arguments = dict(queue.queue_arguments or {})
    named = (
        ("expires", "x-expires", 1000),
        ("message_ttl", "x-message-ttl", 1000),
        ("max_length", "x-max-length", 1),
        ("max_length_bytes", "x-max-length-bytes", 1),
        ("max_priority", "x-max-priority", 1),
    )
    for attribute, argument, factor in named:
        value = getattr(queue, attribute, None)
        if value is not None:
            arguments.setdefault(argument, int(value * factor))
    return arguments
