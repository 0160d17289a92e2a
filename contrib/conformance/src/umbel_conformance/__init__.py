"""The conformance kit: one pytest class a kind, which a driver's author subclasses and gives one fixture."""

import pytest

# Before they are imported, so that a failing assert shows its values in a third party's subclass too.
pytest.register_assert_rewrite(
    "umbel_conformance.backend",
    "umbel_conformance.bootstep",
    "umbel_conformance.command",
    "umbel_conformance.compression",
    "umbel_conformance.consumer",
    "umbel_conformance.hygiene",
    "umbel_conformance.pool",
    "umbel_conformance.scheduler",
    "umbel_conformance.serializer",
    "umbel_conformance.transport",
)

from umbel_conformance.backend import BackendConformance  # noqa: E402
from umbel_conformance.bootstep import BootstepConformance  # noqa: E402
from umbel_conformance.command import CommandConformance  # noqa: E402
from umbel_conformance.compression import CompressionConformance  # noqa: E402
from umbel_conformance.consumer import ConsumerConformance  # noqa: E402
from umbel_conformance.pool import PoolConformance  # noqa: E402
from umbel_conformance.scheduler import SchedulerConformance  # noqa: E402
from umbel_conformance.serializer import SerializerConformance  # noqa: E402
from umbel_conformance.transport import TransportConformance  # noqa: E402

__all__ = [
    "BackendConformance",
    "BootstepConformance",
    "CommandConformance",
    "CompressionConformance",
    "ConsumerConformance",
    "PoolConformance",
    "SchedulerConformance",
    "SerializerConformance",
    "TransportConformance",
]
