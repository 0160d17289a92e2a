"""What a worker takes that has nothing to do."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..processes import Tree
from ..samples import Column
from ..session import Session


class Idle(Measurement):
    name = "idle"
    place = 6
    title = "Idle worker"
    note = "All processes of the worker for ten seconds, after ten tasks and three seconds of rest. CPU of one core."
    columns = (
        Column("cpu_percent", "CPU %", "low", ".2f"),
        Column("wakeups_s", "wake-ups/s", "low", ",.1f"),
        Column("commands_s", "commands/s at the server", "low", ",.2f"),
    )

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, setup, "", setup.label, stores=True) for setup in self.setups(contender)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        rest_s, watch_s = (0.5, 2.0) if bench.quick else (3.0, 10.0)
        with bench.session(case) as run, run.client() as client, run.workers() as trees:
            client.ask("enqueue", n=10)
            run.until_count(10)
            time.sleep(rest_s)
            before, began = _so_far(run, trees), time.monotonic()
            time.sleep(watch_s)
            took = time.monotonic() - began
            return {key: (value - before[key]) / took for key, value in _so_far(run, trees).items()}


def _so_far(run: Session, trees: Sequence[Tree]) -> dict[str, float]:
    found = {
        "cpu_percent": sum(tree.cpu_s() for tree in trees) * 100,
        "wakeups_s": float(sum(tree.wakeups() for tree in trees)),
    }
    return found | {"commands_s": run.server.commands()} if run.server else found


MEASUREMENT = Idle()
