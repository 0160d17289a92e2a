"""What is known of kombu's transports: what each can do, and how it is best used.

What docs/reference/transports.md has in its table was tried by the conformance suite: on a real server or an emulator,
or, where it says `seam`, over a double of what is behind kombu's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

_SHARED = frozenset({"across_processes"})
_KEPT = _SHARED | {"durable"}


@frozen
class Kind:
    """A transport of kombu's."""

    features: frozenset[str] = frozenset()
    #: The extra of this distribution that brings its client; empty: it needs none.
    extra: str = ""
    #: The module of that client.
    client: str = ""
    #: A look at its queues may wait at the server, so one look takes what there is and no second one is risked.
    waits: bool = False
    #: Its client may be used by several threads, so that settling need not wait for a look.
    threads: bool = False
    #: Its locks tell processes apart, and not the connections of one: those take turns.
    takes_turns: bool = False
    #: A queue gets nothing before it is bound to an exchange, which has its name, as Celery's has.
    binds: bool = False
    #: What is held is lost with the connection that it came over, though kombu plays the broker's part.
    forgets: bool = False
    #: Seconds that kombu is told to wait in one look; some of its transports never return when told not to wait.
    look_s: float = 0.0
    #: It can count and empty a queue exactly.
    counts: bool = True
    #: Options of kombu's transport that are not as kombu has them, unless somebody says otherwise.
    options: Mapping[str, Any] = Factory(dict)


#: What nobody here has tried can do nothing that could be relied on.
UNKNOWN = Kind(counts=False)

#: By the last word of the module that has kombu's transport.
KINDS: Mapping[str, Kind] = {
    "memory": Kind(frozenset({"ordered"})),
    "filesystem": Kind(_KEPT),
    "sqlalchemy": Kind(_KEPT | {"ordered"}, extra="sqlalchemy", client="sqlalchemy"),
    "SQS": Kind(
        _KEPT | {"lease"},
        extra="sqs",
        client="boto3",
        waits=True,
        threads=True,
        options={
            "wait_time_seconds": 2,
            "fetch_message_attributes": {"MessageSystemAttributeNames": ["ApproximateReceiveCount"]},
        },
    ),
    "pgmq": Kind(_KEPT | {"lease"}, extra="pgmq", client="pgmq", counts=False),
    "azurestoragequeues": Kind(_KEPT, extra="azurestoragequeues", client="azure.storage.queue"),
    "zookeeper": Kind(_KEPT, extra="zookeeper", client="kazoo"),
    "etcd": Kind(_KEPT, takes_turns=True, extra="etcd", client="etcd"),
    "pyro": Kind(_SHARED | {"ordered"}, extra="pyro", client="Pyro4", counts=False),
    "confluentkafka": Kind(
        _KEPT,
        extra="confluentkafka",
        client="confluent_kafka",
        waits=True,
        threads=True,
        forgets=True,
        counts=False,
        options={
            "wait_time_seconds": 1,
            # Whoever does not ask for more for so long has its partitions taken away: a worker whose tasks are long.
            "kafka_consumer_config": {"max.poll.interval.ms": 86_400_000},
            # A publish that nobody answers fails after so long; otherwise it is five minutes.
            "kafka_producer_config": {"message.timeout.ms": 30_000},
        },
    ),
    "mongodb": Kind(_KEPT, extra="mongodb", client="pymongo"),
    "consul": Kind(_KEPT, extra="consul", client="consul", counts=False),
    "gcpubsub": Kind(
        _KEPT,
        extra="gcpubsub",
        client="google.cloud.pubsub_v1",
        waits=True,
        binds=True,
        threads=True,
        look_s=0.2,
        counts=False,
        options={"wait_time_seconds": 1},
    ),
    "azureservicebus": Kind(
        _KEPT,
        extra="azureservicebus",
        client="azure.servicebus",
        waits=True,
        counts=False,
        # Its locks last for a minute, and kombu does not renew them unless it is told to.
        options={"wait_time_seconds": 1, "use_lock_renewal": True, "max_lock_renewal_duration": 86_400.0},
    ),
    "SLMQ": Kind(_KEPT, extra="slmq", client="softlayer_messaging", counts=False),
    # Its client is for Python 2.
    "qpid": Kind(_KEPT, extra="qpid", client="qpid", counts=False),
    "pyamqp": Kind(_KEPT | {"ordered"}),
    "redis": Kind(_KEPT | {"ordered"}),
}
