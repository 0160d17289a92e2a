"""What a user may set: `broker_transport_options = {"lease_s": 5}`."""

from __future__ import annotations

from attrs import field, frozen, validators


@frozen
class MemorySettings:
    #: Seconds after which a message comes back that nobody settled and nobody held on to.
    lease_s: float = field(default=10.0, validator=validators.gt(0))
