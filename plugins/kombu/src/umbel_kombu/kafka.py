"""kombu's Kafka transport, with acknowledgements that stand for one message.

kombu commits the place that it has read to, so to acknowledge one message is to acknowledge all that were read. Here
the place that is committed is that of the first message that somebody still holds: what a dead worker held comes again,
and with it what was settled behind it. A message that the broker did not take is an error. The messages are kombu's.
"""

from __future__ import annotations

import logging
from queue import Empty
from threading import Lock
from typing import Any

from kombu.transport.confluentkafka import (
    Channel,
    Consumer,
    KafkaException,
    Message,
    QoS,
    TopicPartition,
    Transport,
)
from kombu.utils.json import dumps, loads

_log = logging.getLogger(__name__)

#: A topic and the number of one of its partitions.
Place = tuple[str, int]


class Offsets:
    """What was read of each partition and is not settled. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        #: In the order of their offsets.
        self._held: dict[Place, dict[int, None]] = {}
        #: Behind what was read last.
        self._next: dict[Place, int] = {}

    def read(self, place: Place, offset: int) -> None:
        with self._lock:
            self._held.setdefault(place, {})[offset] = None
            self._next[place] = offset + 1

    def settle(self, place: Place, offset: int) -> int | None:
        """Where a new owner of the partition is to begin; None if that has not changed, or it is not ours any more."""
        with self._lock:
            held = self._held.get(place, {})
            if offset not in held:
                return None
            first = next(iter(held))
            del held[offset]
            return next(iter(held), self._next[place]) if offset == first else None

    def holds(self, place: Place, offset: int) -> bool:
        with self._lock:
            return offset in self._held.get(place, ())

    def forget(self, place: Place) -> None:
        """Somebody else has the partition, and all of it that was not committed."""
        with self._lock:
            self._held.pop(place, None)


class PlacedMessage(Message):  # type: ignore[misc]
    def __init__(self, payload: Any, channel: Any = None, **kwargs: Any) -> None:
        self.place: Place = (payload["topic"], payload["partition"])
        self.offset: int = payload["offset"]
        super().__init__(payload, channel=channel, **kwargs)


class OffsetQoS(QoS):  # type: ignore[misc]
    def ack(self, delivery_tag: Any) -> None:
        message = self._not_yet_acked.pop(delivery_tag, None)
        if message is None:
            return
        channel = self.channel
        begin = channel.offsets.settle(message.place, message.offset)
        if begin is not None:
            channel._get_consumer(message.topic).commit(offsets=[TopicPartition(*message.place, begin)])


class OffsetChannel(Channel):  # type: ignore[misc]
    QoS = OffsetQoS
    Message = PlacedMessage

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.offsets = Offsets()
        super().__init__(*args, **kwargs)

    def close(self) -> None:
        super().close()
        self._client = None  # Its threads would go on asking for a broker that is gone.

    def still_holds(self, message: PlacedMessage) -> bool:
        """Whether nobody else has been given its partition."""
        return self.offsets.holds(message.place, message.offset)

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        """Returns when the broker has it. Raises `KafkaException`."""
        errors: list[Any] = []
        producer = self._get_producer(queue)
        told = lambda error, _: errors.append(error) if error is not None else None  # noqa: E731
        producer.produce(self.sanitize_queue_name(queue), dumps(message).encode(), on_delivery=told)
        producer.flush()
        if errors:
            raise KafkaException(errors[0])

    def _get(self, queue: str, **kwargs: Any) -> dict[str, Any]:
        message = self._get_consumer(self.sanitize_queue_name(queue)).poll(self.wait_time_seconds)
        if not message or message.error():
            if message:
                _log.error("Kafka: %s", message.error())
            raise Empty
        place = (message.topic(), message.partition())
        self.offsets.read(place, message.offset())
        return {**loads(message.value()), "topic": place[0], "partition": place[1], "offset": message.offset()}

    def _get_consumer(self, queue: str) -> Consumer:
        queue = self.sanitize_queue_name(queue)
        found = self._kafka_consumers.get(queue)
        if found is None:
            found = super()._get_consumer(queue)
            found.subscribe([queue], on_revoke=self._taken_away, on_lost=self._taken_away)
        return found

    def _taken_away(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            self.offsets.forget((partition.topic, partition.partition))


class OffsetTransport(Transport):  # type: ignore[misc]
    Channel = OffsetChannel
