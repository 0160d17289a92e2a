"""What the project has promised of its speed, held against the numbers of this run: one list for each broker."""

from __future__ import annotations

from collections.abc import Sequence

from . import targets_pools, targets_rabbitmq
from .comparisons import Verdict, at_most, drains, of_one_row, rate, share
from .samples import Row

FLOOR = "Bare LPUSH"


def verdicts(broker: str, rows: Sequence[Row]) -> list[Verdict]:
    """Every target, in the order in which they were promised."""
    return {"sqlite": _sqlite, "redis": _redis, "rabbitmq": targets_rabbitmq.verdicts}[broker](rows)


def _sqlite(rows: Sequence[Row]) -> list[Verdict]:
    return [
        at_most(_trips(rows, "5 ms apart"), "round trip p50 ≤ 2 ms", "round trip", "p50_ms", 2.0, "ms"),
        at_most(rows, "idle worker < 1 % CPU", "idle", "cpu_percent", 1.0, "%"),
        *drains(rows, "Huey", 5),
        *drains(rows, "Celery", 10),
        at_most(rows, "delayed tasks: worker's growth ≤ 5 MiB", "growth", "delayed_growth", 5.0, "MiB"),
        at_most(rows, "queued tasks: worker's growth ≤ 5 MiB", "growth", "queued_growth", 5.0, "MiB"),
        at_most(rows, "either: client's growth ≤ 5 MiB", "growth", "client_growth", 5.0, "MiB"),
        share(rows, "import and app ≤ half of Celery's", "import", "app_ms", 1 / 2),
        share(rows, "worker ready ≤ a third of Celery's default boot", "boot", "ready_s", 1 / 3),
        share(rows, "two children ≤ 60 % of Celery's PSS", "memory", "pss_mib", 0.6),
    ]


def _redis(rows: Sequence[Row]) -> list[Verdict]:
    return [
        *(each for kept in ("ignored", "stored") for each in _redis_drains(rows, kept)),
        *_redis_calls(rows),
        *(each for group in ("back to back", "5 ms apart") for each in _redis_trips(_trips(rows, group), group)),
        *_redis_workflows(rows),
        *targets_pools.verdicts(rows),
        at_most(rows, "idle worker < 0.5 % CPU", "idle", "cpu_percent", 0.5, "%"),
        at_most(rows, "idle worker < 5 commands/s", "idle", "commands_s", 5.0, "commands/s"),
    ]


def _trips(rows: Sequence[Row], group: str) -> list[Row]:
    return [row for row in rows if (row.measurement, row.group) == ("round trip", group)]


def _redis_trips(rows: Sequence[Row], group: str) -> list[Verdict]:
    what, key = f"round trip, {group}", "p50_ms"
    return [
        at_most(rows, f"{what}, solo: p50 < 0.6 ms", "round trip", key, 0.6, "ms", "solo"),
        at_most(rows, f"{what}, prefork: p50 < 1 ms", "round trip", key, 1.0, "ms"),
        *(
            of_one_row(rows, f"{what}, {pool}: p99 < 3 × p50", "round trip", "p99_ms", key, 3, pool)
            for pool in ("solo", "prefork")
        ),
    ]


def _redis_drains(rows: Sequence[Row], kept: str) -> list[Verdict]:
    drained = [row for row in rows if row.measurement == "drain" and f"results {kept}" in row.group]
    one = [row for row in drained if row.group.startswith("one process")]
    prefork = [row for row in drained if row.label.startswith("prefork 2")]
    found = []
    for who, times, of in (("Celery", 20, _of("Celery", one)), ("the fastest peer", 4, _peers(one))):
        target = f"drain, one process, results {kept} ≥ {times} × {who}"
        found.append(rate(_of("Umbel", one), of, target, "tasks_s", times, _times))
    target = f"drain, prefork 2, results {kept} ≥ 15 × Celery's"
    return [*found, rate(_of("Umbel", prefork), _of("Celery", prefork), target, "tasks_s", 15, _times)]


def _redis_workflows(rows: Sequence[Row]) -> list[Verdict]:
    """In wall time on chords, and in bytes on nested ones."""
    measured = [row for row in rows if row.measurement == "workflows"]
    found = []
    for group, key, what in (
        ("chords of 10", "wall_s", "time"),
        ("one chord", "wall_s", "time"),
        ("nested chords", "wall_s", "time"),
        ("nested chords", "sent_kib", "bytes"),
    ):
        chosen = [row for row in measured if row.group.endswith(group)]
        found.append(share(chosen, f"workflows, {group}: {what} ≤ a tenth of Celery's", "workflows", key, 1 / 10))
    return found


def _redis_calls(rows: Sequence[Row]) -> list[Verdict]:
    calls = [row for row in rows if row.measurement == "enqueue"]
    singly = [row for row in calls if row.group == "one by one"]
    mine, many = _of("Umbel", singly), [row for row in _of("Umbel", calls) if row.group == "in bulk"]
    return [
        share(singly, "delay(): client CPU ≤ a fifth of Celery's", "enqueue", "cpu_us", 1 / 5),
        rate(mine, _of(FLOOR, singly), "delay() ≥ 75 % of the bare LPUSH", "messages_s", 0.75, lambda x: f"{x:.0%}"),
        rate(many, _of("Celery", calls), "in bulk ≥ 40 × Celery's loop", "messages_s", 40, _times),
    ]


def _of(contender: str, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.contender == contender]


def _peers(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.contender not in ("Umbel", FLOOR)]


def _times(ratio: float) -> str:
    return f"{ratio:.1f} ×"
