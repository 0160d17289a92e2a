"""What a pool adds to a task that does nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..draining import drained
from ..measurement import Bench, Case, Measurement
from ..samples import Column

PLAIN, COROUTINE = "def", "async def"
#: How many tasks are enough: fewer where each takes a millisecond.
MANY, FEW = 10_000, 1_000


class Pools(Measurement):
    name = "pools"
    place = 10
    title = "A no-op through each pool"
    note = (
        f"{MANY:,} no-ops, queued before the worker starts, results ignored; {FEW:,} for Celery, and of coroutines "
        "outside of asyncio. With how many at once is said after the pool's name, the same for everyone. CPU: all "
        "processes of the worker, from the first execution. Celery has no asyncio pool, and no async def."
    )
    columns = (
        Column("cpu_us", "worker CPU µs/task", "low"),
        Column("tasks_s", "tasks/s", "high"),
    )
    repeats = 3

    def cases(self, contender: Contender) -> Sequence[Case]:
        kinds = (PLAIN, COROUTINE) if contender.name == "Umbel" else (PLAIN,)
        return [Case(contender, setup, setup.label, kind) for setup in self.setups(contender) for kind in kinds]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        dear = case.label == COROUTINE and not case.group.startswith("asyncio")
        n = bench.size(FEW if dear or case.contender.name != "Umbel" else MANY)
        found = drained(bench, case, n, "async_noop" if case.label == COROUTINE else "")
        return {column.key: found[column.key] for column in self.columns}


MEASUREMENT = Pools()
