"""What is answered to probes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, frozen


@frozen
class Report:
    """`alive`: it need not be restarted. `ready`: it can take work now. What keeps it from either is in `stuck` and
    `waits_for`, in words."""

    hostname: str
    alive: bool
    ready: bool
    stuck: Sequence[str]
    waits_for: Sequence[str]
    pool: str
    concurrency: int
    queues: Sequence[str]
    #: How many tasks run, and how many are reserved and wait for the pool.
    running: int
    waiting: int

    def says(self, question: str) -> bool:
        """`live` or `ready`."""
        return self.alive if question == "live" else self.ready

    def to_json(self, **more: Any) -> str:
        return json.dumps({**asdict(self), **more})


def why(report: Mapping[str, Any]) -> str:
    """The reasons of one that came as JSON, as one text."""
    return "; ".join([*report["stuck"], *report["waits_for"]])
