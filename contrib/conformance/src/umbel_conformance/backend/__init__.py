"""The suite for result backends."""

from umbel_conformance.backend.bench import MakeBackend, OpenBackend
from umbel_conformance.backend.breaking import Breaking
from umbel_conformance.backend.expiry import Expiry
from umbel_conformance.backend.heading import Heading
from umbel_conformance.backend.processes import Processes
from umbel_conformance.backend.sharing import Sharing
from umbel_conformance.backend.storing import Storing
from umbel_conformance.backend.subscribing import Subscribing


class BackendConformance(Storing, Subscribing, Expiry, Sharing, Heading, Processes, Breaking):
    """Everything that a result backend must do. Give it the fixture `make_backend`."""


__all__ = ["BackendConformance", "MakeBackend", "OpenBackend"]
