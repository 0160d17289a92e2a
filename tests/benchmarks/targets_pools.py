"""What the project has promised of its pools."""

from __future__ import annotations

from collections.abc import Sequence

from .comparisons import DEFAULT, Verdict, at_most, rate, share
from .pools import CONCURRENCY, SLEEPERS
from .samples import Row


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    return [*_overhead(rows), _sleepers(rows), _scaling(rows), *_limits(rows)]


def _overhead(rows: Sequence[Row]) -> list[Verdict]:
    found = []
    for pool, at_once in CONCURRENCY.items():
        chosen = [row for row in rows if (row.measurement, row.group) == ("pools", f"{pool} {at_once}")]
        if pool != "asyncio":  # Celery has none
            plain = [row for row in chosen if row.label == "def"]
            target = f"no-op through {pool}: worker CPU ≤ a tenth of Celery's"
            found.append(share(plain, target, "pools", "cpu_us", 1 / 10))
    return found


def _sleepers(rows: Sequence[Row]) -> Verdict:
    """A second, and what it takes to hand them all out."""
    chosen = [row for row in rows if (row.measurement, row.group) == ("sleepers", "asyncio")]
    target = f"{SLEEPERS:,} × asyncio.sleep(1) in one process ≤ 2 s"
    return at_most(chosen, target, "sleepers", "wall_s", 2.0, "s", "asyncio")


def _scaling(rows: Sequence[Row]) -> Verdict:
    one, two = (
        [row for row in rows if row.measurement == "scaling" and row.label.startswith(label)]
        for label in ("prefork 1", "prefork 2")
    )
    target = "tasks of 1 ms of CPU: two children ≥ 90 % of twice one"
    return rate(two, one, target, "tasks_s", 2 * 0.9, lambda ratio: f"{ratio / 2:.0%}")


def _limits(rows: Sequence[Row]) -> list[Verdict]:
    """Within the noise of a run."""
    measured = [row for row in rows if row.measurement == "limits"]
    without = [row for row in measured if row.label == DEFAULT]
    return [
        _same(without, [row for row in measured if elsewhere in row.label], elsewhere)
        for elsewhere in ("time limits elsewhere", "a rate limit elsewhere", "both elsewhere")
    ]


def _same(without: Sequence[Row], beside: Sequence[Row], elsewhere: str) -> Verdict:
    target = f"a task without limits, {elsewhere}: CPU ≤ 110 %"
    numbers = [row.numbers["cpu_us"].median for row in (*without, *beside) if "cpu_us" in row.numbers]
    if len(numbers) < 2 or not numbers[0]:  # a quick run is over before its CPU is looked at
        return Verdict(target, "–", None)
    one, other = numbers
    return Verdict(target, f"{other / one:.0%} ({other:.1f} of {one:.1f} µs)", other <= 1.1 * one)
