"""One file for each broker that contenders are compared on; see `BrokerModule`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from attrs import frozen


class Server(Protocol):
    """What a broker that is a server says of itself."""

    def commands(self) -> int:
        """How many commands it has carried out, but for what asks it this."""
        ...

    def cpu_s(self) -> float:
        """Seconds of CPU that it has had."""
        ...

    def memory(self) -> int:
        """Bytes that it has allocated."""
        ...


@frozen
class Broker:
    """A broker that runs, empty, with an environment of its own for one run."""

    name: str
    folder: Path
    #: Where it is: a path for SQLite, a URL for a server.
    address: str
    #: One of the module's `DURABILITIES`: what survives what, the same for every contender.
    durability: str
    #: None where there is no server.
    server: Server | None = None


class BrokerModule(Protocol):
    """What a module in here defines."""

    #: What the report calls it.
    TITLE: str
    #: The first is the one that Umbel's users get when they set nothing.
    DURABILITIES: tuple[str, ...]

    def version(self) -> str: ...

    def open_broker(self, folder: Path, durability: str) -> AbstractContextManager[Broker]:
        """Start it; it is gone at the end, and so is its data."""
        ...
