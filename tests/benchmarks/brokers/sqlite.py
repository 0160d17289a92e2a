"""SQLite: a database in the folder of the run. There is no server, so there is nothing to start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import Broker, BrokerOptions


@contextmanager
def open_broker(folder: Path, options: BrokerOptions) -> Iterator[Broker]:
    yield Broker(name="sqlite", folder=folder, address=str(folder / "broker.db"), options=options)
