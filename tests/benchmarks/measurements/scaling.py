"""Whether a second child of prefork is worth a second core."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..draining import drained
from ..measurement import Bench, Case, Measurement
from ..samples import Column

TASKS = 4_000


class Scaling(Measurement):
    name = "scaling"
    place = 12
    title = "Tasks of 1 ms of CPU, with one child of prefork and with two"
    note = (
        f"{TASKS:,} tasks, queued before the worker starts, results ignored; each reads the CPU clock of its thread "
        "until it has had a millisecond. The worker's own process and the server share the two cores with the "
        "children, so what they take is missing from a rate of 2,000. Efficiency is the rate of two over twice the "
        "rate of one."
    )
    columns = (
        Column("tasks_s", "tasks/s", "high"),
        Column("cpu_us", "worker CPU µs/task", "low"),
        Column("server_us", "server CPU µs/task", "low"),
    )
    repeats = 3

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, setup, "", setup.label) for setup in self.setups(contender)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        found = drained(bench, case, bench.size(TASKS), "burn")
        return {column.key: found[column.key] for column in self.columns}


MEASUREMENT = Scaling()
