"""The transport: Celery's queues on RabbitMQ."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import ClassVar
from weakref import WeakSet

from umbel import clock
from umbel.contracts import Fanout, QueueAdmin, Transport
from umbel.model import Delivery, Message, Settlement
from umbel_rabbitmq.admin import RabbitmqAdmin
from umbel_rabbitmq.consuming import Consumer
from umbel_rabbitmq.deadletters import DeadLetters
from umbel_rabbitmq.declaring import Declarer
from umbel_rabbitmq.delays import Delays
from umbel_rabbitmq.delivering import Deliverer
from umbel_rabbitmq.fanout import RabbitmqFanout, RabbitmqSubscription
from umbel_rabbitmq.heart import Heart
from umbel_rabbitmq.losses import Losses
from umbel_rabbitmq.opening import Opener
from umbel_rabbitmq.places import Places
from umbel_rabbitmq.publishing import Publisher
from umbel_rabbitmq.renewing import Renewer
from umbel_rabbitmq.settings import RabbitmqSettings
from umbel_rabbitmq.settling import Settler
from umbel_rabbitmq.waiting import Waiter

_FEATURES = frozenset(
    {
        "across_processes",
        "dead_letters",
        "delayed",
        "durable",
        "expires",
        "fanout",
        "history",
        "lease",
        "losses",
        "ordered",
    }
)


class RabbitmqTransport(Transport):
    """One connection publishes, which the broker may block, and one consumes; each is opened when it is needed."""

    contract_version = 1
    #: With a highest priority for its queues, `priority` as well.
    features: ClassVar[frozenset[str]] = _FEATURES
    settings_class = RabbitmqSettings
    several_urls = True

    def __init__(self, url: str, settings: RabbitmqSettings | None = None) -> None:
        opener = Opener(url, settings)
        super().__init__(url, settings or RabbitmqSettings())
        said = opener.settings
        if said.queue_max_priority is not None:
            self.features = _FEATURES | {"priority"}  # type: ignore[misc]
        self.lease_s = said.heartbeat or self.lease_s
        places, delays = Places(said), Delays(said)
        self._opener = opener
        self._places = places
        self._publisher = Publisher(opener, places, Declarer(places, delays))
        self._consumer = Consumer(opener, Declarer(places, delays))
        losses, dead_letters = Losses(self._publisher, said.suspicion), DeadLetters(self._publisher, opener)
        self._settler = Settler(self._publisher, places, losses, dead_letters)
        self._deliverer = Deliverer(self._consumer.holdings, losses, self._settler)
        self._renewer = Renewer(opener, self._publisher)
        self._dead_letters = dead_letters
        self._waiter = Waiter()
        self._heart = Heart(self._consumer.link, self._look)
        self._subscriptions: WeakSet[RabbitmqSubscription] = WeakSet()
        self._closed = False
        self._reserving = Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        if messages:
            self._publisher.publish(messages)

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        deadline = clock.monotonic() + timeout_s
        queues = tuple(dict.fromkeys(queues))
        consumer = self._consumer
        with self._reserving:
            if self._closed:
                return ()
            consumer.link.is_there()
            if timeout_s > 0 or consumer.is_consuming(queues):
                consumer.consume(queues, limit)
                self._heart.start()
            elif queues:
                consumer.ask(queues, limit)
            while not self._closed:
                if taken := self._deliverer.fit(consumer.take(queues, limit)):
                    return taken
                consumer.holdings.hold_back(False)
                left_s = deadline - clock.monotonic()
                if self._waiter.was_woken() or left_s <= 0:
                    break
                self._waiter.wait(consumer.link, left_s)
                consumer.look()
                consumer.consume(queues, limit)
        return ()

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        self._look()
        return self._settler.settle(settlements) if settlements else ()

    def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        self._consumer.holdings.hold_back(False)
        self._look()
        self._renewer.renew(deliveries)
        return [one for one in deliveries if not one.tag.is_held]

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._settler.begun(deliveries)

    def wake(self) -> None:
        self._waiter.wake()

    def close(self) -> None:
        self._closed = True
        self._waiter.wake()
        self._heart.stop()
        for subscription in list(self._subscriptions):
            subscription.close()
        with self._reserving:
            self._consumer.holdings.hold_back(False)
            self._consumer.close()
            self._renewer.close()
            self._publisher.close()
            self._waiter.close()

    def admin(self) -> QueueAdmin:
        return RabbitmqAdmin(self._publisher, self._dead_letters, self._known, self._settler.bury)

    def fanout(self) -> Fanout:
        return RabbitmqFanout(self._opener, self._publisher, self._subscriptions)

    def _known(self) -> Sequence[str]:
        return [*self._places.names, *self._publisher.declarer.seen]

    def _look(self) -> None:
        """Take in what has come, the end of the connection included, unless somebody reads anyway."""
        if self._reserving.acquire(blocking=False):
            try:
                self._consumer.link.is_there()
            finally:
                self._reserving.release()
