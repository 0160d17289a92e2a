"""The suite that every transport passes, on kombu's transports that need no server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from kombu.transport.memory import Channel

from umbel_conformance import TransportConformance
from umbel_conformance.transport import MakeTransport
from umbel_kombu.settings import KombuSettings
from umbel_kombu.transport import KombuTransport


class TestFilesystem(TransportConformance):
    capability_row = "filesystem (kombu)"
    capability_on = "files"
    any_queue_name = False

    @pytest.fixture
    def make_transport(self, folders: dict[str, Any]) -> MakeTransport:
        settings = KombuSettings(options=folders)
        return lambda: KombuTransport("filesystem://", settings)


class TestSqlalchemy(TransportConformance):
    capability_row = "sqlalchemy (kombu)"
    capability_on = "SQLite"
    large_batch = 300  # One transaction each.

    @pytest.fixture
    def make_transport(self) -> Iterator[MakeTransport]:
        # In memory, where there is such a place: nobody cuts the power here.
        with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
            yield lambda: KombuTransport(f"sqla+sqlite:///{folder}/queues.db")


class TestKombuMemory(TransportConformance):
    capability_row = "memory (kombu)"
    capability_on = "in the process"

    @pytest.fixture
    def make_transport(self) -> MakeTransport:
        Channel.queues.clear()  # One for the whole process, whatever the URL says.
        return lambda: KombuTransport("kombu+memory://")
