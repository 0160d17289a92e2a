"""What the project has promised of its speed on RabbitMQ."""

from __future__ import annotations

from collections.abc import Sequence

from .comparisons import Verdict, at_most, rate
from .samples import Row

FLOOR = "Bare confirms"


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    drained = [row for row in rows if row.measurement == "drain" and "results ignored" in row.group]
    one = [row for row in drained if row.group.startswith("one process")]
    two = [row for row in drained if row.label.startswith("prefork 2")]
    calls = [row for row in rows if row.measurement == "enqueue"]
    singly = [row for row in calls if row.group == "one by one"]
    floor = _of(FLOOR, singly)
    together = {who: [row for row in rows if row.measurement == "together" and row.group == who] for who in MANY}
    bulk = [row for row in calls if row.group == "in bulk"]
    found = [
        rate(_of("Umbel", one), _of("Celery", one), "drain, one process ≥ 4 × Celery", "tasks_s", 4, _times),
        rate(_of("Umbel", one), _of("Dramatiq", one), "drain, one process ≥ 2 × Dramatiq", "tasks_s", 2, _times),
        rate(_of("Umbel", two), _of("Celery", two), "drain, prefork 2 ≥ 6 × Celery's", "tasks_s", 6, _times),
        rate(_of("Umbel", singly), floor, "delay() ≥ 90 % of the bare loop", "messages_s", 0.9, lambda x: f"{x:.0%}"),
    ]
    for who, mine in together.items():
        target = f"delay() from {who} ≥ 5 × the bare loop"
        found.append(rate(_of("Umbel", mine), floor, target, "messages_s", 5, _times))
    many = [row.numbers["messages_s"].median for row in _of("Umbel", bulk) if "messages_s" in row.numbers]
    at_least = max(many) if many else None
    found.append(
        Verdict(
            "bulk publish with confirms > 20,000/s",
            "–" if at_least is None else f"{at_least:,.0f}/s",
            None if at_least is None else at_least > 20_000,
        )
    )
    for group in ("back to back", "5 ms apart"):
        trips = [row for row in rows if (row.measurement, row.group) == ("round trip", group)]
        target = f"round trip, rpc://, {group}: p50 < 1 ms"
        found.append(at_most(trips, target, "round trip", "p50_ms", 1.0, "ms", "solo"))
    return found


MANY = ("8 threads", "100 coroutines")


def _of(contender: str, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.contender == contender]


def _times(ratio: float) -> str:
    return f"{ratio:.1f} ×"
