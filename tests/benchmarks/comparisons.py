"""How a promise is held against the numbers of a run: each function gives verdicts.

A promise holds Umbel's default set-up, or its best row where it says so, against the *best* row of a peer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from .samples import Row

DEFAULT = "prefork 2, default"


@frozen
class Verdict:
    target: str
    found: str
    #: None: the rows that it takes were not measured.
    met: bool | None


def at_most(
    rows: Sequence[Row], target: str, measurement: str, key: str, limit: float, unit: str, label: str = DEFAULT
) -> Verdict:
    mine = _default(rows, measurement, "Umbel", key, label)
    return Verdict(target, "–" if mine is None else f"{mine:.2f} {unit}", None if mine is None else mine <= limit)


def share(rows: Sequence[Row], target: str, measurement: str, key: str, share: float) -> Verdict:
    mine, other = (_default(rows, measurement, name, key) for name in ("Umbel", "Celery"))
    if mine is None or not other:
        return Verdict(target, "–", None)
    return Verdict(target, f"{mine / other:.0%} ({mine:.3g} of {other:.3g})", mine <= share * other)


def of_one_row(
    rows: Sequence[Row], target: str, measurement: str, key: str, of: str, times: float, label: str
) -> Verdict:
    """At most so many times another number of the same row."""
    mine, other = (_default(rows, measurement, "Umbel", each, label) for each in (key, of))
    if mine is None or not other:
        return Verdict(target, "–", None)
    return Verdict(target, f"{mine / other:.1f} × ({mine:.2f} of {other:.2f})", mine <= times * other)


def drains(rows: Sequence[Row], peer: str, times: float) -> Iterator[Verdict]:
    """One verdict for each durability; it is met if it is in each of the groups."""
    groups = dict.fromkeys(row.group for row in rows if row.measurement == "drain")
    for durability in dict.fromkeys(group.rpartition(", ")[2] for group in groups) or [""]:
        ratios = {}
        for group in groups:
            if group.endswith(durability):
                mine, other = (max(_numbers(rows, name, "tasks_s", group), default=0.0) for name in ("Umbel", peer))
                if mine and other:
                    ratios[group.rpartition(", ")[0]] = mine / other
        yield Verdict(
            f"drain ≥ {times} × {peer}, best rows, {durability}",
            "; ".join(f"{ratio:.1f} × {group}" for group, ratio in ratios.items()) or "–",
            all(ratio >= times for ratio in ratios.values()) if ratios else None,
        )


def rate(
    mine: Sequence[Row], others: Sequence[Row], target: str, key: str, least: float, form: Callable[[float], str]
) -> Verdict:
    """The best of my rows by `key`, where more is better, is at least so many times the best of the others."""
    one, other = (max(_all(each, key), default=None, key=lambda found: found[0]) for each in (mine, others))
    if one is None or other is None:
        return Verdict(target, "–", None)
    found = f"{form(one[0] / other[0])} ({one[1]}: {one[0]:,.0f}; {other[1]}: {other[0]:,.0f})"
    return Verdict(target, found, one[0] >= least * other[0])


def _all(rows: Sequence[Row], key: str) -> list[tuple[float, str]]:
    """What the rows have by that key, and who they are."""
    return [
        (row.numbers[key].median, row.label if row.label == row.contender else f"{row.contender} {row.label}")
        for row in rows
        if key in row.numbers
    ]


def _default(rows: Sequence[Row], measurement: str, contender: str, key: str, label: str = DEFAULT) -> float | None:
    """The number of the default set-up, or of the only one."""
    mine = [row for row in rows if (row.measurement, row.contender) == (measurement, contender) and key in row.numbers]
    chosen = [row for row in mine if row.label.startswith(label)] or mine[:1]
    return chosen[0].numbers[key].median if chosen else None


def _numbers(rows: Sequence[Row], contender: str, key: str, group: str) -> list[float]:
    return [
        row.numbers[key].median
        for row in rows
        if (row.contender, row.group) == (contender, group) and key in row.numbers
    ]
