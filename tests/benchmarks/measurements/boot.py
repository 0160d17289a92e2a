"""How long a worker takes from its command to its first task."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..samples import Column


class Boot(Measurement):
    name = "boot"
    place = 5
    title = "Worker boot"
    note = "One task waits on the queue. Ready: the contender's own signal that it is; first task: the task body runs."
    columns = (
        Column("ready_s", "ready, s", "low", ".3f"),
        Column("first_s", "first task, s", "low", ".3f"),
    )
    repeats = 5

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, setup, "", setup.label) for setup in self.setups(contender)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        with bench.session(case) as run, run.client() as client:
            client.ask("enqueue", n=1)
            with run.workers() as trees:
                run.until_count(1, timeout_s=30)
                run.until(lambda: run.counter.ready_ns > 0, "word that the worker is ready", timeout_s=30)
                began = min(tree.began_ns for tree in trees)
        return {"ready_s": (run.counter.ready_ns - began) / 1e9, "first_s": (run.counter.first_ns - began) / 1e9}


MEASUREMENT = Boot()
