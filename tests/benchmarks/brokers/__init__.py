"""One file for each broker that contenders are compared on; it defines `open_broker(folder, options)`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from attrs import frozen


@frozen
class BrokerOptions:
    #: SQLite's `synchronous`, the same for everyone.
    synchronous: str = "normal"


@frozen
class Broker:
    """A broker that runs, empty, with an environment of its own for one run."""

    name: str
    folder: Path
    #: Where it is: a path for SQLite, a URL for a server.
    address: str
    options: BrokerOptions


class OpenBroker(Protocol):
    def __call__(self, folder: Path, options: BrokerOptions) -> AbstractContextManager[Broker]: ...
