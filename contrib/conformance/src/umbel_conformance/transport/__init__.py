"""The suite for transports."""

from umbel_conformance.transport.bench import Connect, MakeTransport
from umbel_conformance.transport.closing import Closing
from umbel_conformance.transport.leases import Leases
from umbel_conformance.transport.publishing import Publishing
from umbel_conformance.transport.reserving import Reserving
from umbel_conformance.transport.settling import Settling


class TransportConformance(Publishing, Reserving, Settling, Leases, Closing):
    """Everything that a transport must do. Give it the fixture `make_transport`."""


__all__ = ["Connect", "MakeTransport", "TransportConformance"]
