"""The figures of a run, all of them measured, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from umbel_demo.work import Digest


@frozen
class Summary:
    """One run of the demo. Latency is from the call to its result, with `under_way` calls at a time."""

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

    def as_text(self) -> str:
        share = self.compressed_bytes / self.files_bytes if self.files_bytes else 1
        latency = ", ".join(f"{name} {value:g} ms" for name, value in self.latency_ms.items())
        rows = [
            ("totals", f"{self.tasks:,} files, {self.files_bytes:,} bytes, {self.lines:,} lines, "
                       f"{self.words:,} words; compressed to {share:.1%}"),
            ("throughput", f"{self.tasks_per_second:,.0f} tasks/s, {self.megabytes_per_second:,.1f} MB/s "
                           f"({self.seconds:.2f} s)"),
            ("latency", f"{latency} (call to result, {self.under_way} under way)"),
            ("serial run", f"{self.serial_seconds:.2f} s in this process"),
            ("check", "all results equal the serial run" if self.match else
                      f"{len(self.mismatches)} results differ from the serial run: {', '.join(self.mismatches[:5])}"),
        ]  # fmt: skip
        return "\n".join(f"{name:<11} {text}" for name, text in rows)


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
