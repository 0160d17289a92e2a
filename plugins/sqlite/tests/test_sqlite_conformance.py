"""The suites that every driver passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from umbel.contracts import Transport
from umbel_conformance import BackendConformance, TransportConformance
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport


class TestSqliteTransport(TransportConformance):
    @pytest.fixture
    def make_transport(self, tmp_path: Path) -> Callable[..., SqliteTransport]:
        def make(**options: Any) -> SqliteTransport:
            return SqliteTransport(f"sqlite:///{tmp_path}/queue.db", SqliteSettings(**options))

        return make

    def cut(self, transport: Transport) -> bool:
        """The nearest to a broken connection that a file has: it is closed under the driver."""
        assert isinstance(transport, SqliteTransport)
        connection = transport._database._connection
        if connection is not None:
            connection.close()
        return True


class TestSqliteBackend(BackendConformance):
    @pytest.fixture
    def make_backend(self, tmp_path: Path) -> Callable[[], SqliteBackend]:
        return lambda: SqliteBackend(f"sqlite:///{tmp_path}/results.db")
