"""The numbers as tables, in Markdown that reads well in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from .comparisons import Verdict
from .measurement import Measurement
from .samples import Column, Row, best, times_better

REFERENCE = "Umbel"


def tables(measurements: Sequence[Measurement], rows: Sequence[Row]) -> Iterator[str]:
    """One section for each measurement that has rows."""
    for measurement in measurements:
        mine = [row for row in rows if row.measurement == measurement.name]
        if mine:
            yield f"## {measurement.title}\n\n{measurement.note}\n\n{_table(measurement, mine)}"


def _table(measurement: Measurement, rows: Sequence[Row]) -> str:
    main, *others = measurement.columns
    # What only a server can say has no column where there is none.
    columns = [main, *(column for column in others if any(column.key in row.numbers for row in rows))]
    grouped = any(row.group for row in rows)
    head = [*(["with"] if grouped else []), "contender", *(column.title for column in columns), "Umbel is"]
    lines = []
    for group in dict.fromkeys(row.group for row in rows):
        members = [row for row in rows if row.group == group]
        reference = best(members, main, REFERENCE)
        for row in members:
            name = row.label if row.label == row.contender else f"{row.contender} {row.label}"
            cells = [_cell(row, column) for column in columns]
            lines.append([*([group] if grouped else []), name, *cells, _ratio(row, reference, main)])
    return "\n".join([_aligned(head, lines), *_troubles(rows)])


def _cell(row: Row, column: Column) -> str:
    return row.numbers[column.key].text(column.form) if column.key in row.numbers else "–"


def _ratio(row: Row, reference: Row | None, main: Column) -> str:
    if reference is None or row.contender == REFERENCE or main.key not in row.numbers:
        return ""
    times = times_better(reference.numbers[main.key].median, row.numbers[main.key].median, main.better)
    return "" if times is None else f"{times:.1f} × better" if times >= 1 else f"{1 / times:.1f} × worse"


def _troubles(rows: Sequence[Row]) -> list[str]:
    said = [
        f"- {row.contender} {row.label} {row.group}: {' '.join(row.trouble.split())}" for row in rows if row.trouble
    ]
    return ["", *said] if said else []


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    words = {True: "met", False: "NOT MET", None: "not measured"}
    return _aligned(["target", "found", ""], [[each.target, each.found, words[each.met]] for each in verdicts])


def _aligned(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[at]) for line in [head, *lines]) for at in range(len(head))]

    def written(line: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"

    return "\n".join([written(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(written, lines)])


def as_json(about: dict[str, Any], rows: Sequence[Row], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Everything, raw values included, for programs that compare runs."""

    def plain(row: Row) -> dict[str, Any]:
        numbers = {key: list(each.values) for key, each in row.numbers.items()}
        return {**attrs.asdict(row, recurse=False), "numbers": numbers}

    return {
        **about,
        "rows": [plain(row) for row in rows],
        "targets": [attrs.asdict(verdict) for verdict in verdicts],
    }
