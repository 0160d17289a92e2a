"""How fast a full queue empties."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..draining import drained
from ..measurement import Bench, Case, Measurement
from ..samples import Column


class Drain(Measurement):
    name = "drain"
    place = 1
    title = "Drain a full queue"
    note = (
        "A no-op task, queued before the worker starts, as often as the list above says. Counted in shared memory by "
        "the task body, from the first to the last execution; where results are stored, until the last one can be "
        "read. CPU: all processes of the worker, from the first execution."
    )
    at_every_durability = True
    columns = (
        Column("tasks_s", "tasks/s", "high"),
        Column("cpu_us", "worker CPU µs/task", "low"),
        Column("server_us", "server CPU µs/task", "low"),
        Column("commands", "commands/task", "low", ",.2f"),
    )

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [
            Case(contender, setup, f"{_processes(setup.processes)}, results {kept}", setup.label, stores)
            for stores, kept in ((False, "ignored"), (True, "stored"))
            for setup in self.setups(contender)
            if contender.keeps_results or not stores
        ]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        assert case.setup is not None
        return drained(bench, case, bench.size(case.setup.drain or case.contender.drain))


def _processes(number: int) -> str:
    return "one process" if number == 1 else f"{number} processes"


MEASUREMENT = Drain()
