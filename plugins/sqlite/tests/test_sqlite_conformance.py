"""The suites that every driver passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from umbel.contracts import Backend, Transport
from umbel_conformance import BackendConformance, TransportConformance
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.database import Database
from umbel_sqlite.settings import SqliteSettings
from umbel_sqlite.transport import SqliteTransport


class TestSqliteTransport(TransportConformance):
    capability_row = "sqlite"
    capability_on = "SQLite"

    @pytest.fixture
    def make_transport(self, tmp_path: Path) -> Callable[..., SqliteTransport]:
        def make(**options: Any) -> SqliteTransport:
            return SqliteTransport(f"sqlite:///{tmp_path}/queue.db", SqliteSettings(**options))

        return make

    def cut(self, transport: Transport) -> bool:
        assert isinstance(transport, SqliteTransport)
        return cut(transport._database)


class TestSqliteBackend(BackendConformance):
    @pytest.fixture
    def make_backend(self, tmp_path: Path) -> Callable[[], SqliteBackend]:
        return lambda: SqliteBackend(f"sqlite:///{tmp_path}/results.db")

    def cut(self, backend: Backend) -> bool:
        assert isinstance(backend, SqliteBackend)
        return cut(backend._database)


def cut(database: Database) -> bool:
    """The nearest to a broken connection that a file has: it is closed under the driver."""
    if database._connection is not None:
        database._connection.close()
    return True
