"""SQLite: a database in the folder of the run. There is no server, so there is nothing to start."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import Broker

TITLE = "SQLite"
#: `synchronous`, with a write-ahead log (https://sqlite.org/pragma.html#pragma_synchronous): a killed process loses
#: nothing with either; a power cut may take the last moments with the first, and nothing with the second.
DURABILITIES = ("synchronous=normal", "synchronous=full")


def version() -> str:
    return sqlite3.sqlite_version


@contextmanager
def open_broker(folder: Path, durability: str) -> Iterator[Broker]:
    yield Broker("sqlite", folder, str(folder / "broker.db"), durability)
