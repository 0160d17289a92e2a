"""The transport: Celery's queues on Redis, with leases."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import ClassVar
from weakref import WeakSet

from umbel import clock
from umbel.contracts import Fanout, FanoutSubscription, QueueAdmin, Transport
from umbel.model import Delivery, Message, Settlement
from umbel_redis.admin import RedisAdmin
from umbel_redis.fanout import RedisFanout
from umbel_redis.keys import Keyspace
from umbel_redis.nodes import Nodes
from umbel_redis.publishing import Publisher
from umbel_redis.reserving import Reserver
from umbel_redis.server import Server
from umbel_redis.settings import RedisSettings
from umbel_redis.settling import Settler
from umbel_redis.waiting import Waiter


class RedisTransport(Transport):
    """Reserving, settling and publishing have a connection each, which is opened when it is first needed."""

    contract_version = 1
    features: ClassVar[frozenset[str]] = frozenset(
        {
            "across_processes",
            "dead_letters",
            "delayed",
            "durable",
            "fanout",
            "history",
            "lease",
            "losses",
            "ordered",
            "pause",
            "priority",
        }
    )
    settings_class = RedisSettings
    first_priority = "low"
    several_urls = True

    def __init__(self, url: str, settings: RedisSettings | None = None) -> None:
        self._server = Server(url, settings)
        super().__init__(url, self._server.settings)
        self.lease_s = self._server.settings.lease_s
        self._keyspace = Keyspace(self._server.settings, self._server.location.mode == "cluster")
        self._waiter = Waiter()
        self._reserver = Reserver(self._server, self._keyspace, self._waiter)
        self._publishing = Nodes(self._server)
        self._publisher = Publisher(self._publishing, self._keyspace, self._server.settings)
        self._settling = Nodes(self._server)
        self._settler = Settler(self._settling, self._keyspace, self._server.settings)
        self._subscriptions: WeakSet[FanoutSubscription] = WeakSet()
        self._closed = False
        self._reserving = Lock()

    def publish(self, messages: Sequence[Message]) -> None:
        if messages:
            self._publisher.publish(messages)

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        deadline = clock.monotonic() + timeout_s
        queues = tuple(dict.fromkeys(queues))
        with self._reserving:
            while not self._closed:
                knows_nothing = timeout_s <= 0 or not self._reserver.expects_nothing(queues)
                if knows_nothing and (taken := self._reserver.take(queues, limit, self.lease_s)):
                    return taken
                wait_s = deadline - clock.monotonic()
                if self._waiter.was_woken() or wait_s <= 0:
                    break
                if handed := self._reserver.wait(queues, wait_s):
                    return handed
            else:
                return ()
            return self._reserver.withdraw()

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        return self._settler.settle(settlements) if settlements else ()

    def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        return self._settler.extend(deliveries, self.lease_s) if deliveries else ()

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._settler.begun(deliveries)

    def wake(self) -> None:
        self._waiter.wake()

    def close(self) -> None:
        self._closed = True
        self._waiter.wake()
        for subscription in list(self._subscriptions):
            subscription.close()
        with self._reserving:
            for nodes in (self._reserver, self._publishing, self._settling):
                nodes.close()
            self._waiter.close()

    def admin(self) -> QueueAdmin:
        return RedisAdmin(self._settling, self._keyspace, self._server.settings)

    def fanout(self) -> Fanout:
        return RedisFanout(self._server, self._publishing, self._subscriptions)
