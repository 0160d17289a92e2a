"""The suite for transports."""

from umbel_conformance.transport.administering import Administering
from umbel_conformance.transport.bench import Connect, MakeTransport
from umbel_conformance.transport.closing import Closing
from umbel_conformance.transport.dead_letters import DeadLetters
from umbel_conformance.transport.delayed import Delayed
from umbel_conformance.transport.expiring import Expiring
from umbel_conformance.transport.fanout import FanningOut
from umbel_conformance.transport.killing import Killing
from umbel_conformance.transport.leases import Leases
from umbel_conformance.transport.pausing import Pausing
from umbel_conformance.transport.priority import Priority
from umbel_conformance.transport.processes import Processes
from umbel_conformance.transport.publishing import Publishing
from umbel_conformance.transport.reserving import Reserving
from umbel_conformance.transport.settling import Settling
from umbel_conformance.transport.threads import Threads
from umbel_conformance.transport.transactional import Transactional


class TransportConformance(
    Publishing,
    Reserving,
    Settling,
    Leases,
    Delayed,
    Priority,
    Expiring,
    Transactional,
    Administering,
    DeadLetters,
    Pausing,
    FanningOut,
    Threads,
    Processes,
    Killing,
    Closing,
):
    """Everything that a transport must do. Give it the fixture `make_transport`."""


__all__ = ["Connect", "MakeTransport", "TransportConformance"]
