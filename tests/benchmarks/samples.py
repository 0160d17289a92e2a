"""What was measured: the repeats of one number, and a row of such numbers."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

from attrs import field, frozen


@frozen
class Column:
    """A number that a measurement gives."""

    key: str
    title: str
    better: Literal["high", "low"]
    #: How one value is written, as in `format`.
    form: str = ",.0f"


@frozen
class Samples:
    """The repeats of one number."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.values)

    def text(self, form: str) -> str:
        """The median, and the range where there is one."""
        middle = format(self.median, form)
        if len(self.values) < 2:
            return middle
        return f"{middle} [{format(min(self.values), form)}–{format(max(self.values), form)}]"


@frozen
class Row:
    """One contender in one set-up."""

    measurement: str
    #: Rows of one group are compared with each other.
    group: str
    contender: str
    label: str
    numbers: dict[str, Samples] = field(factory=dict)
    #: Why numbers are missing, if they are.
    trouble: str | None = None


def best(rows: Sequence[Row], column: Column, contender: str) -> Row | None:
    """The row of `contender` that is best by `column`."""
    mine = [row for row in rows if row.contender == contender and column.key in row.numbers]
    if not mine:
        return None
    return (max if column.better == "high" else min)(mine, key=lambda row: row.numbers[column.key].median)


def times_better(one: float, other: float, better: Literal["high", "low"]) -> float | None:
    """How many times better `one` is than `other`; None where that means nothing."""
    above, below = (one, other) if better == "high" else (other, one)
    return above / below if above > 0 and below > 0 else None
