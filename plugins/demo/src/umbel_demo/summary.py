"""The figures of a run, all of them measured, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from umbel_demo.work import Digest


@frozen
class Summary:
    """One run of the demo. Latency is from the call to its result, in milliseconds, with `under_way` calls at a time."""

    tasks: int
    files_bytes: int
    compressed_bytes: int
    lines: int
    words: int
    seconds: float
    serial_seconds: float
    tasks_per_second: float
    megabytes_per_second: float
    latency_ms: Mapping[str, float]
    under_way: int
    concurrency: int
    pool: str
    transport: str
    mismatches: Sequence[str]

    @property
    def match(self) -> bool:
        return not self.mismatches

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "match": self.match}


def percentiles(latencies: Sequence[float]) -> dict[str, float]:
    """p50, p90 and p99 in milliseconds, by the nearest-rank method."""
    ordered = sorted(latencies)
    if not ordered:
        return {}
    rank = {f"p{percent}": -(-percent * len(ordered) // 100) for percent in (50, 90, 99)}
    return {name: round(ordered[number - 1] * 1000, 2) for name, number in rank.items()}


def totals(digests: Sequence[Digest]) -> dict[str, int]:
    return {
        "files_bytes": sum(each["bytes"] for each in digests),
        "compressed_bytes": sum(each["compressed"] for each in digests),
        "lines": sum(each["lines"] for each in digests),
        "words": sum(each["words"] for each in digests),
    }


def as_text(summary: Summary) -> str:
    share = summary.compressed_bytes / summary.files_bytes if summary.files_bytes else 1
    latency = ", ".join(f"{name} {value:g} ms" for name, value in summary.latency_ms.items())
    rows = [
        ("totals", f"{summary.tasks:,} files, {summary.files_bytes:,} bytes, {summary.lines:,} lines, "
                   f"{summary.words:,} words; compressed to {share:.1%}"),
        ("throughput", f"{summary.tasks_per_second:,.0f} tasks/s, {summary.megabytes_per_second:,.1f} MB/s "
                       f"({summary.seconds:.2f} s)"),
        ("latency", f"{latency} (call to result, {summary.under_way} under way)"),
        ("serial run", f"{summary.serial_seconds:.2f} s in this process"),
        ("check", "all results equal the serial run" if summary.match else
                  f"{len(summary.mismatches)} results differ from the serial run: {', '.join(summary.mismatches[:5])}"),
    ]  # fmt: skip
    return "\n".join(f"{name:<11} {text}" for name, text in rows)
