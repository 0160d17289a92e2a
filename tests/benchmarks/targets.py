"""What the project has promised of its speed, held against the numbers of this run.

A target compares Umbel's default set-up, or its best where the row says so, with the *best* row of a peer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from .samples import Row

DEFAULT = "prefork 2, default"


@frozen
class Verdict:
    target: str
    found: str
    #: None: the rows that it takes were not measured.
    met: bool | None


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Every target, in the order in which they were promised."""
    return [
        _at_most(rows, "round trip p50 ≤ 2 ms", "round trip", "p50_ms", 2.0, "ms"),
        _at_most(rows, "idle worker < 1 % CPU", "idle", "cpu_percent", 1.0, "%"),
        *_drains(rows, "Huey", 5),
        *_drains(rows, "Celery", 10),
        _at_most(rows, "delayed tasks: worker's growth ≤ 5 MiB", "growth", "delayed_growth", 5.0, "MiB"),
        _at_most(rows, "queued tasks: worker's growth ≤ 5 MiB", "growth", "queued_growth", 5.0, "MiB"),
        _at_most(rows, "either: client's growth ≤ 5 MiB", "growth", "client_growth", 5.0, "MiB"),
        _share(rows, "import and app ≤ half of Celery's", "import", "app_ms", 1 / 2),
        _share(rows, "worker ready ≤ a third of Celery's default boot", "boot", "ready_s", 1 / 3),
        _share(rows, "two children ≤ 60 % of Celery's PSS", "memory", "pss_mib", 0.6),
    ]


def _at_most(rows: Sequence[Row], target: str, measurement: str, key: str, limit: float, unit: str) -> Verdict:
    mine = _default(rows, measurement, "Umbel", key)
    return Verdict(target, "–" if mine is None else f"{mine:.2f} {unit}", None if mine is None else mine <= limit)


def _share(rows: Sequence[Row], target: str, measurement: str, key: str, share: float) -> Verdict:
    mine, other = (_default(rows, measurement, name, key) for name in ("Umbel", "Celery"))
    if mine is None or not other:
        return Verdict(target, "–", None)
    return Verdict(target, f"{mine / other:.0%} ({mine:.3g} of {other:.3g})", mine <= share * other)


def _drains(rows: Sequence[Row], peer: str, times: float) -> Iterator[Verdict]:
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


def _default(rows: Sequence[Row], measurement: str, contender: str, key: str) -> float | None:
    """The number of the default set-up, or of the only one."""
    mine = [row for row in rows if (row.measurement, row.contender) == (measurement, contender) and key in row.numbers]
    chosen = [row for row in mine if row.label.startswith(DEFAULT)] or mine[:1]
    return chosen[0].numbers[key].median if chosen else None


def _numbers(rows: Sequence[Row], contender: str, key: str, group: str) -> list[float]:
    return [
        row.numbers[key].median
        for row in rows
        if (row.contender, row.group) == (contender, group) and key in row.numbers
    ]
