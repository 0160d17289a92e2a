"""Looking at queues: kombu's consumers are called with what is there."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import count
from typing import Any

from umbel import clock
from umbel.exceptions import DriverError
from umbel.model import Delivery
from umbel_kombu.envelope import decode
from umbel_kombu.holding import Hold, Holdings
from umbel_kombu.kinds import Kind
from umbel_kombu.leasing import Leases
from umbel_kombu.link import Link

_log = logging.getLogger(__name__)
#: Unreadable messages in a row after which one look gives up.
_UNREADABLE = 10
#: What kombu and the clients raise about a message that they cannot read.
_ODD = (ValueError, KeyError, TypeError, AttributeError)


class Consumer:
    """Used by the thread that reserves."""

    def __init__(self, link: Link, kind: Kind, holdings: Holdings, leases: Leases | None) -> None:
        self.link = link
        self._kind = kind
        self._holdings = holdings
        self._leases = leases
        #: The tags of the consumers, by their queues, and of which connection they are.
        self._tags: dict[str, str] = {}
        self._opening = 0
        self._numbers = count(1)
        self._came: list[tuple[str, Any]] = []
        #: What came beyond the limit: Pub/Sub answers what it was asked before, when there was more room.
        self._more: list[Hold] = []

    @property
    def queues(self) -> Sequence[str]:
        """The queues that are listened to."""
        return list(self._tags)

    def look(self, queues: Sequence[str], limit: int, lease_s: float) -> list[Delivery]:
        """What is there, up to `limit`. Blocks for as long as the broker makes one wait."""
        began = clock.monotonic()
        try:
            with self.link.channel() as channel:
                self._listen(channel, queues)
                self._drain(channel, limit - len(self._more))
        except DriverError as error:
            if not self._came:
                raise
            _log.warning("After %d messages: %s", len(self._came), error)
        came, self._came = self._came, []
        holds = [Hold(queue, message, self.link.openings) for queue, message in came]
        if self._leases is not None and holds:
            for hold in holds:
                hold.deadline = began + lease_s
            self._leases.begin(holds, lease_s)
        for hold in holds:
            self._holdings.add(hold)
        self._more += holds
        holds, self._more = self._more[:limit], self._more[limit:]
        return [Delivery(decode(hold.received, hold.queue), hold, self._lost(hold)) for hold in holds]

    def _lost(self, hold: Hold) -> int:
        return int(self._leases is not None and self._leases.receipts(hold.received) > 1)

    def _drain(self, channel: Any, limit: int) -> None:
        odd = 0
        while len(self._came) < limit and odd < _UNREADABLE:
            self._make_room(channel, limit - len(self._came))
            try:
                self.link.drain(self._kind.look_s)
            except (TimeoutError, BlockingIOError):
                return
            except _ODD as error:
                odd += 1
                _log.error("A message was dropped that cannot be read: %s: %s", type(error).__name__, error)
            if self._kind.waits and self._came:
                return

    def _make_room(self, channel: Any, room: int) -> None:
        """How many more may come: some transports ask the broker for as many at once."""
        if self.link.is_virtual:
            qos = channel.qos
            held = getattr(qos, "_not_yet_acked", None)  # Kafka's.
            qos.prefetch_count = (len(qos._delivered) - len(qos._dirty) if held is None else len(held)) + room
        else:
            channel.basic_qos(0, room, False)

    def _listen(self, channel: Any, queues: Sequence[str]) -> None:
        if self._opening != self.link.openings:
            self._tags, self._opening = {}, self.link.openings
        for queue in [queue for queue in self._tags if queue not in queues]:
            channel.basic_cancel(self._tags.pop(queue))
        for queue in queues:
            if queue not in self._tags:
                self.link.declare(queue)
                self._tags[queue] = tag = f"umbel-{next(self._numbers)}"
                channel.basic_consume(queue=queue, no_ack=False, callback=self._taker(channel, queue), consumer_tag=tag)

    def _taker(self, channel: Any, queue: str) -> Any:
        to_python = getattr(channel, "message_to_python", None)

        def take(message: Any) -> None:
            self._came.append((queue, to_python(message) if to_python else message))

        return take
