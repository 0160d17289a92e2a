"""The tables of capabilities, from what a run of the conformance suites has written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[2] / "reference"
#: The columns of each kind's table. What all must do is not a column.
COLUMNS = {
    "transport": (
        "durable",
        "across_processes",
        "lease",
        "losses",
        "ordered",
        "priority",
        "delayed",
        "expires",
        "dead_letters",
        "history",
        "pause",
        "fanout",
        "transactional",
    ),
    "pool": (
        "concurrent",
        "processes",
        "in_place",
        "soft_time_limit",
        "time_limit",
        "terminate",
        "resize",
        "join",
        "max_tasks_per_child",
        "max_memory_per_child",
    ),
}


def shown(kind: str) -> dict[str, Any]:
    """What each driver of this kind has shown, by its name."""
    found: dict[str, Any] = json.loads((_FOLDER / f"{kind}s.json").read_text("utf-8"))
    return found


def transports() -> str:
    """A row for each transport."""
    return _table("transport", ("transport", "tried on"))


def pools() -> str:
    """A row for each pool."""
    return _table("pool", ("pool",))


def _table(kind: str, titles: tuple[str, ...]) -> str:
    columns = COLUMNS[kind]
    lines = [_line([*titles, *(f"`{name}`" for name in columns)]), "|---" * (len(titles) + len(columns)) + "|"]
    for name, row in sorted(shown(kind).items(), key=lambda each: (-len(each[1]["shown"]), each[0])):
        mark = "seam" if row["on"] == "seam" else "✓"
        title = name if "the contract" in row["shown"] else f"{name} \\*"
        marks = (mark if feature in row["shown"] else "–" for feature in columns)
        lines.append(_line([*[title, row["on"]][: len(titles)], *marks]))
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
