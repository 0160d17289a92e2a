"""Leases, where the broker has them: kombu's transports receive with a visibility timeout, and never renew it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from math import ceil
from typing import Any

from umbel_kombu.holding import Hold
from umbel_kombu.link import Link

#: Messages of one call to SQS.
_AT_ONCE = 10


class Leases(ABC):
    """One broker's way; `lease_s` are whole seconds there."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @abstractmethod
    def receipts(self, received: Any) -> int:
        """How often the broker has handed it out."""

    @abstractmethod
    def renew(self, holds: Sequence[Hold], lease_s: float) -> Sequence[Hold]:
        """Another lease from now on; returns those that it is too late for."""

    def begin(self, holds: Sequence[Hold], lease_s: float) -> None:
        """These have just come: see to it that their lease is `lease_s`. Does nothing by default."""


class SqsLeases(Leases):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        #: The visibility timeout that the queue itself has, by its URL.
        self._own: dict[str, int] = {}

    def receipts(self, received: Any) -> int:
        attributes = received.delivery_info.get("sqs_message", {}).get("Attributes", {})
        return int(attributes.get("ApproximateReceiveCount", 1))

    def begin(self, holds: Sequence[Hold], lease_s: float) -> None:
        """A queue that others have made, Celery say, may have half an hour."""
        with self._link.channel_meanwhile() as channel:
            for hold in holds:
                url = hold.received.delivery_info["sqs_queue"]
                if url not in self._own:
                    found = _client(channel, hold.queue).get_queue_attributes(
                        QueueUrl=url, AttributeNames=["VisibilityTimeout"]
                    )
                    self._own[url] = int(found["Attributes"]["VisibilityTimeout"])
        differ = [hold for hold in holds if self._own[hold.received.delivery_info["sqs_queue"]] != ceil(lease_s)]
        if differ:
            self.renew(differ, lease_s)

    def renew(self, holds: Sequence[Hold], lease_s: float) -> Sequence[Hold]:
        late: list[Hold] = []
        with self._link.channel_meanwhile() as channel:
            for queue, some in _batches(holds):
                entries = [
                    {
                        "Id": str(place),
                        "ReceiptHandle": hold.received.delivery_info["sqs_message"]["ReceiptHandle"],
                        "VisibilityTimeout": ceil(lease_s),
                    }
                    for place, hold in enumerate(some)
                ]
                answer = _client(channel, queue).change_message_visibility_batch(
                    QueueUrl=some[0].received.delivery_info["sqs_queue"], Entries=entries
                )
                late += [some[int(failed["Id"])] for failed in answer.get("Failed", ())]
        return late


class PgmqLeases(Leases):
    """https://pgmq.github.io/pgmq/api/sql/functions/#set_vt"""

    def receipts(self, received: Any) -> int:
        return int(received.delivery_info.get("pgmq_message", {}).get("read_ct", 1))

    def renew(self, holds: Sequence[Hold], lease_s: float) -> Sequence[Hold]:
        late: list[Hold] = []
        with self._link.channel_meanwhile() as channel:
            for hold in holds:
                info = hold.received.delivery_info
                renewed = None
                with suppress(IndexError):  # What the client makes of no row.
                    renewed = channel.pgmq.set_vt(info["pgmq_queue"], info["pgmq_msg_id"], ceil(lease_s))
                if renewed is None:
                    late.append(hold)
        return late


def _client(channel: Any, queue: str) -> Any:
    """kombu has a client of its own for a queue that the settings name."""
    return channel.sqs(queue=channel.canonical_queue_name(queue))


def _batches(holds: Iterable[Hold]) -> Iterator[tuple[str, list[Hold]]]:
    by_queue: dict[str, list[Hold]] = {}
    for hold in holds:
        by_queue.setdefault(hold.queue, []).append(hold)
    for queue, some in by_queue.items():
        for start in range(0, len(some), _AT_ONCE):
            yield queue, some[start : start + _AT_ONCE]


#: By the names of the kinds.
LEASES: dict[str, type[Leases]] = {"SQS": SqsLeases, "pgmq": PgmqLeases}
