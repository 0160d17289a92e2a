"""What the benchmarks know of a contender: a file in `contenders/`, and its tasks, a file in `apps/`."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import ClassVar

from attrs import frozen

from .brokers import Broker


@frozen
class Setup:
    """One way to run a contender's worker."""

    label: str
    #: How many processes run tasks.
    processes: int
    #: A command for each worker that is started; the first word is a script of the contender's environment.
    commands: tuple[tuple[str, ...], ...]
    #: The measurements that it takes part in.
    uses: frozenset[str]
    environment: tuple[tuple[str, str], ...] = ()
    #: How many tasks run at the same time, where that is more than one a process.
    at_once: int = 0
    #: How many tasks its drain takes at most, where that is not the contender's number.
    drain: int = 0


class Contender(ABC):
    name: ClassVar[str]
    #: The module in `brokers/` that it is measured on.
    broker: ClassVar[str]
    #: The module in `apps/` with its tasks.
    app: ClassVar[str]
    #: What pip installs for it into the peers' environment; empty for Umbel, which is measured as it is installed.
    requirements: ClassVar[tuple[str, ...]] = ()
    #: The environment that these are installed into: another where they do not get along with the rest, or where the
    #: rest would be slower for their being there (Huey imports redis-py if it can).
    venv: ClassVar[str] = "peers"
    #: The distributions whose versions are printed.
    distributions: ClassVar[tuple[str, ...]]
    #: Whether `apps/<app>` has a faster way to enqueue many than one by one.
    has_bulk: ClassVar[bool] = True
    #: Whether results can be stored on this broker.
    keeps_results: ClassVar[bool] = True
    #: The many callers at once whose calls are measured: `send_together(who, n)` of the app has them call.
    together: ClassVar[frozenset[str]] = frozenset()
    #: Python lines that import it and make an app, and, after those, define a task and send its first message.
    make_app: ClassVar[str]
    first_send: ClassVar[str]
    #: How many queued and delayed tasks its growth is measured at: fewer where 100,000 would take minutes.
    growth: ClassVar[int] = 100_000
    #: How many delayed ones, where that is another number.
    growth_delayed: ClassVar[int] = 0
    #: How many tasks a drain takes at most.
    drain: ClassVar[int] = 100_000

    @abstractmethod
    def environment(self, broker: Broker) -> dict[str, str]:
        """What its app and workers find in their environment."""

    @abstractmethod
    def setups(self) -> Sequence[Setup]:
        """The ways in which its worker is run."""

    @abstractmethod
    def settings(self) -> str:
        """One line: what was set, and why that is fair."""


def found_in(package: ModuleType) -> Iterator[ModuleType]:
    """Every module of a package, so that a new file is all that a new one takes."""
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        yield importlib.import_module(f"{package.__name__}.{module.name}")
