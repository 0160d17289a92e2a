"""The contracts: what a driver of each kind must do. One file a kind; this page is the index.

A *driver* is chosen, one by name: it subclasses the class of its kind, states the contract version it was written
for (`contract_version`) and the features it has. A feature that is not declared must refuse with
`umbel.exceptions.UnsupportedError`. Library errors become `TemporaryError` or `PermanentError` at the driver's edge.
"""

from umbel.contracts.backend import Backend, SharedState, Subscription
from umbel.contracts.bootstep import Bootstep, Gate, Verdict, WorkerContext
from umbel.contracts.compression import Compression
from umbel.contracts.consumer import Consumer
from umbel.contracts.headers import Count, Headers
from umbel.contracts.pool import Pool, PoolSettings, Runner
from umbel.contracts.scheduler import Scheduler
from umbel.contracts.serializer import Serializer
from umbel.contracts.transport import Fanout, FanoutSubscription, QueueAdmin, Transport

#: The versions of each contract that this kernel can drive, oldest and newest.
CONTRACT_VERSIONS: dict[str, tuple[int, int]] = {
    "transport": (1, 1),
    "pool": (1, 1),
    "serializer": (1, 1),
    "compression": (1, 1),
    "backend": (1, 1),
    "scheduler": (1, 1),
    "consumer": (1, 1),
    "bootstep": (1, 1),
}

#: The class that a driver of each kind subclasses.
CONTRACTS: dict[str, type] = {
    "transport": Transport,
    "pool": Pool,
    "serializer": Serializer,
    "compression": Compression,
    "backend": Backend,
    "scheduler": Scheduler,
    "consumer": Consumer,
    "bootstep": Bootstep,
}

__all__ = [
    "CONTRACTS",
    "CONTRACT_VERSIONS",
    "Backend",
    "Bootstep",
    "Compression",
    "Consumer",
    "Count",
    "Fanout",
    "FanoutSubscription",
    "Gate",
    "Headers",
    "Pool",
    "PoolSettings",
    "QueueAdmin",
    "Runner",
    "Scheduler",
    "Serializer",
    "SharedState",
    "Subscription",
    "Transport",
    "Verdict",
    "WorkerContext",
]
