"""What a measurement is: a file in `measurements/` that defines `MEASUREMENT`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

from attrs import frozen

from .brokers import BrokerModule
from .contender import Contender, Setup
from .samples import Column
from .session import Session, session


@frozen
class Case:
    """One row to fill."""

    contender: Contender
    #: The workers that run; None: none does.
    setup: Setup | None
    #: Rows of one group are compared.
    group: str
    label: str
    #: Whether results are stored.
    stores: bool = False


@frozen
class Bench:
    """How everything is run this time."""

    broker: BrokerModule
    durability: str
    #: Small counts and one repeat: to see that it works, not to publish.
    quick: bool

    def session(self, case: Case) -> AbstractContextManager[Session]:
        return session(case.contender, case.setup, self.broker, self.durability, case.stores)

    def size(self, n: int) -> int:
        """`n`, or a twentieth of it when this is quick."""
        return max(n // 20, 20) if self.quick else n


class Measurement(ABC):
    name: ClassVar[str]
    #: The order in the report.
    place: ClassVar[int]
    title: ClassVar[str]
    #: What the reader must know to judge the numbers.
    note: ClassVar[str]
    #: The first one is what the ratio is of.
    columns: ClassVar[tuple[Column, ...]]
    repeats: ClassVar[int] = 3
    #: Whether it is taken at every durability that was asked for, or only at the first.
    at_every_durability: ClassVar[bool] = False

    @abstractmethod
    def cases(self, contender: Contender) -> Sequence[Case]:
        """The rows of one contender."""

    @abstractmethod
    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        """Measure once; the keys are those of the columns. Blocks."""

    def setups(self, contender: Contender) -> list[Setup]:
        """The set-ups that take part."""
        return [setup for setup in contender.setups() if self.name in setup.uses]
