"""What a worker weighs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..samples import Column


class Memory(Measurement):
    name = "memory"
    place = 7
    title = "Memory of a worker with two children"
    note = (
        "All processes of the worker, after 200 tasks. PSS counts a page that several processes share once, RSS once "
        "for each (proc(5), smaps_rollup)."
    )
    columns = (
        Column("pss_mib", "PSS MiB", "low", ".1f"),
        Column("rss_mib", "RSS MiB", "low", ".1f"),
        Column("processes", "processes", "low", ".0f"),
    )

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, setup, "", setup.label, stores=True) for setup in self.setups(contender)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        with bench.session(case) as run, run.client() as client, run.workers() as trees:
            client.ask("enqueue", n=200)
            run.until_count(200)
            time.sleep(0.5)
            weights = [tree.weight() for tree in trees]
        return {
            "pss_mib": sum(weight.pss for weight in weights),
            "rss_mib": sum(weight.rss for weight in weights),
            "processes": sum(weight.processes for weight in weights),
        }


MEASUREMENT = Memory()
