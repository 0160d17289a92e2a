"""The transport: kombu's channels, with the guarantees that each of them really has."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from threading import Condition, Lock
from typing import Any, ClassVar

from umbel import clock
from umbel.contracts import QueueAdmin, Transport
from umbel.model import Delivery, Message, Settlement
from umbel_kombu.admin import KombuAdmin
from umbel_kombu.consuming import Consumer
from umbel_kombu.holding import Holdings
from umbel_kombu.leasing import LEASES
from umbel_kombu.link import Link
from umbel_kombu.location import parse
from umbel_kombu.publishing import Publisher
from umbel_kombu.settings import KombuSettings
from umbel_kombu.settling import Settler

#: Seconds between the first two looks at a queue that is empty; each pause is twice the one before.
_LEAST_PAUSE_S = 0.005
_MOST_PAUSE_S = 1.0


class KombuTransport(Transport):
    """One connection publishes and one consumes; each is opened when it is needed."""

    contract_version = 1
    #: Those of an instance are what its broker can do: `kinds.py`.
    features: ClassVar[frozenset[str]] = frozenset({"across_processes"})
    settings_class = KombuSettings

    def __init__(self, url: str, settings: KombuSettings | None = None) -> None:
        settings = settings or KombuSettings()
        super().__init__(url, settings)
        location = parse(url, settings)
        kind = location.kind
        self.features = kind.features  # type: ignore[misc]
        self.lease_s = float(settings.options.get("visibility_timeout") or ceil(settings.lease_s))
        self._kind = kind
        self._publisher = Publisher(Link(location, settings, self._options(settings)), kind)
        link = Link(location, settings, self._options(settings))
        holdings = Holdings()
        leases = LEASES[location.name](link) if "lease" in kind.features else None
        self._consumer = Consumer(link, kind, holdings, leases)
        self._settler = Settler(link, kind, holdings, leases, self._publisher)
        self._changed = Condition()
        self._news = 0
        self._woken = False
        self._closed = False
        self._reserving = Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        if messages:
            self._publisher.publish(messages)
            self._tell()

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        deadline = clock.monotonic() + timeout_s
        queues = tuple(dict.fromkeys(queues))
        pause_s = _LEAST_PAUSE_S
        with self._reserving:
            while not self._closed:
                news, began = self._news, clock.monotonic()
                if queues and (found := self._consumer.look(queues, limit, self.lease_s)):
                    return found
                now = clock.monotonic()
                # A broker that makes one wait needs no pause.
                waited = now - began > _MOST_PAUSE_S / 2
                with self._changed:
                    if not self._woken and now < deadline and self._news == news and not (waited and queues):
                        clock.wait(self._changed, min(pause_s if queues else deadline - now, deadline - now))
                    if self._woken or clock.monotonic() >= deadline:
                        self._woken = False
                        break
                pause_s = _LEAST_PAUSE_S if self._news != news else min(2 * pause_s, self._most_pause_s())
        return ()

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        if not settlements:
            return ()
        refused = self._settler.settle(settlements)
        self._tell()
        return refused

    def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        return self._settler.extend(deliveries, self.lease_s) if deliveries else ()

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        self._closed = True
        self.wake()
        with self._reserving:
            self._settler.give_back()
            self._consumer.link.drop()
            self._publisher.link.drop()

    def admin(self) -> QueueAdmin:
        if not self._kind.counts:
            self._refuse("admin")
        return KombuAdmin(self._publisher.link, lambda: [*self._publisher.seen, *self._consumer.queues])

    def _tell(self) -> None:
        """Have the thread that waits look again: there may be something now."""
        with self._changed:
            self._news += 1
            self._changed.notify_all()

    def _most_pause_s(self) -> float:
        said = self.settings.polling_interval
        return float(said) if said is not None else _MOST_PAUSE_S

    def _options(self, settings: KombuSettings) -> dict[str, Any]:
        options = {**self._kind.options, **settings.options}
        if "lease" in self._kind.features:
            options["visibility_timeout"] = ceil(self.lease_s)
        return options
