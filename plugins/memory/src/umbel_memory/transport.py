"""The transport `memory://name`."""

from __future__ import annotations

from collections.abc import Sequence

from umbel import clock
from umbel.contracts import Fanout, QueueAdmin, Transport
from umbel.model import Action, Delivery, Message, Settlement
from umbel_memory.admin import MemoryAdmin
from umbel_memory.broker import MemoryBroker
from umbel_memory.copies import copied
from umbel_memory.names import Names
from umbel_memory.settings import MemorySettings

#: The brokers of this process.
brokers = Names(MemoryBroker)


class MemoryTransport(Transport):
    """A connection to the broker of that name."""

    contract_version = 1
    features = frozenset(
        {
            "dead_letters",
            "delayed",
            "expires",
            "fanout",
            "history",
            "lease",
            "losses",
            "ordered",
            "pause",
            "priority",
            "transactional",
        }
    )
    settings_class = MemorySettings

    def __init__(self, url: str, settings: MemorySettings | None = None) -> None:
        super().__init__(url, settings)
        self.lease_s = (settings or MemorySettings()).lease_s
        self._broker = brokers.at(url)
        self._woken = False
        self._turn = 0

    def publish(self, messages: Sequence[Message]) -> None:
        # All are copied before the first is put: a message that is refused must not leave half a batch behind.
        copies = [copied(message) for message in messages]
        with self._broker.up_to_date() as now:
            for message in copies:
                self._broker.queue(message.queue).put(self._broker.entry(message), message.due, now)

    def reserve(self, queues: Sequence[str], limit: int, timeout_s: float) -> Sequence[Delivery]:
        deadline = clock.monotonic() + timeout_s
        # Every call begins with another queue, so that the first one does not always come first.
        self._turn = (self._turn + 1) % max(len(queues), 1)
        in_turn = [*queues[self._turn :], *queues[: self._turn]]
        with self._broker.changed:
            while True:
                taken = self._broker.lease(self, in_turn, limit, self.lease_s)
                left = deadline - clock.monotonic()
                if taken or self._woken or left <= 0:
                    self._woken = False
                    return taken
                clock.wait(self._broker.changed, min(left, self._broker.seconds_to_next(queues)))

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
        with self._broker.up_to_date() as now:
            return [settlement for settlement in settlements if not self._settle(settlement, now)]

    def _settle(self, settlement: Settlement, now: float) -> bool:
        name, tag = settlement.delivery.tag
        queue = self._broker.queue(name)
        entry = queue.end_lease(tag)
        if entry is None:
            return False
        if settlement.action is Action.REQUEUE:
            if settlement.lost:
                entry.lost += 1
                entry.note(now, settlement.reason or "its process died under it")
            queue.put(entry, settlement.due, now)
        elif settlement.action is Action.DEAD:
            queue.bury(entry, settlement.reason, now)
        return True

    def extend(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        with self._broker.up_to_date():
            ends = clock.monotonic() + self.lease_s
            return [one for one in deliveries if not self._broker.queue(one.tag[0]).extend(one.tag[1], ends)]

    def begun(self, deliveries: Sequence[Delivery]) -> None:
        with self._broker.up_to_date():
            for name, tag in (one.tag for one in deliveries):
                self._broker.queue(name).begin(tag)

    def wake(self) -> None:
        with self._broker.changed:
            # Remembered, for a reserve that is just about to wait.
            self._woken = True
            self._broker.changed.notify_all()

    def close(self) -> None:
        with self._broker.up_to_date() as now:
            for queue in self._broker.queues.values():
                queue.release(self, now)

    def admin(self) -> QueueAdmin:
        return MemoryAdmin(self._broker)

    def fanout(self) -> Fanout:
        return self._broker.fanout
