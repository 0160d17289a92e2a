"""The conformance kit: one pytest class a kind. A driver's author subclasses it and gives it one fixture.

class TestAcmeTransport(TransportConformance):
    @pytest.fixture
    def make_transport(self, tmp_path):
        return lambda **options: AcmeTransport(f"acme://{tmp_path}", AcmeSettings(**options))
"""

import pytest

# Before they are imported, so that a failing assert shows its values in the subclass of a third party too.
pytest.register_assert_rewrite(
    "umbel_conformance.backend",
    "umbel_conformance.hygiene",
    "umbel_conformance.pool",
    "umbel_conformance.transport",
)

from umbel_conformance.backend import BackendConformance  # noqa: E402
from umbel_conformance.pool import PoolConformance  # noqa: E402
from umbel_conformance.transport import TransportConformance  # noqa: E402

__all__ = [
    "BackendConformance",
    "PoolConformance",
    "TransportConformance",
]
