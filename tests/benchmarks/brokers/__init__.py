"""One file for each broker that contenders are compared on; it defines `open_broker` and `DURABILITIES`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from attrs import frozen


@frozen
class Broker:
    """A broker that runs, empty, with an environment of its own for one run."""

    name: str
    folder: Path
    #: Where it is: a path for SQLite, a URL for a server.
    address: str
    #: One of the module's `DURABILITIES`: what survives what, the same for every contender.
    durability: str


class BrokerModule(Protocol):
    """What a module in here defines."""

    #: The first is the one that Umbel's users get when they set nothing.
    DURABILITIES: tuple[str, ...]

    def open_broker(self, folder: Path, durability: str) -> AbstractContextManager[Broker]:
        """Start it; it is gone at the end, and so is its data."""
        ...
