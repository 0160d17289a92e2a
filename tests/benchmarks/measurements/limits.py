"""What limits cost the tasks that have none."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..draining import drained
from ..measurement import Bench, Case, Measurement
from ..samples import Column

TASKS = 20_000


class Limits(Measurement):
    name = "limits"
    place = 13
    title = "A task without limits, beside one that has some"
    note = (
        f"{TASKS:,} no-ops, queued before the worker starts, results ignored. Elsewhere: another task of the app, "
        "which nobody calls, has a soft and a hard time limit, or a rate limit (umbel-ratelimit)."
    )
    columns = (
        Column("cpu_us", "worker CPU µs/task", "low", ",.1f"),
        Column("tasks_s", "tasks/s", "high"),
    )
    repeats = 5

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, setup, "", setup.label) for setup in self.setups(contender)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        found = drained(bench, case, bench.size(TASKS))
        return {column.key: found[column.key] for column in self.columns}


MEASUREMENT = Limits()
