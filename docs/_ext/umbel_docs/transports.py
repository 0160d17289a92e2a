"""The table of capabilities, from what a run of the conformance suites has written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "reference" / "transports.json"
#: What all must do is not a column.
COLUMNS = (
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
)


def shown() -> dict[str, Any]:
    """What each transport has shown, by its name."""
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return found


def markdown() -> str:
    """A row for each transport."""
    rows = shown()
    lines = ["| transport | tried on | " + " | ".join(f"`{name}`" for name in COLUMNS) + " |"]
    lines.append("|---|---|" + "---|" * len(COLUMNS))
    for name, row in sorted(rows.items(), key=lambda each: (-len(each[1]["shown"]), each[0])):
        marks = ("✓" if feature in row["shown"] else "–" for feature in COLUMNS)
        lines.append(f"| {name} | {row['on']} | {' | '.join(marks)} |")
    return "\n".join(lines)
