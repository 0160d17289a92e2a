"""How long a caller waits for the result of a task on an idle worker."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..samples import Column

#: Seconds between the end of a call and the next one, and how many calls, by the group that the row is in.
GROUPS = {"back to back": (0.0, 2000), "5 ms apart": (0.005, 500)}


class RoundTrip(Measurement):
    name = "round trip"
    place = 3
    title = "Round trip on an idle worker"
    note = (
        "Call and wait for the result, one after the other: each right after the last, and 5 ms apart. In 5 ms a "
        "virtual machine may put its processors to sleep, and then every process on the way waits for one to wake up: "
        "the rows of the floor, where there are any, say how long that takes here. Who polls often is fast here and "
        "busy in the idle table below: read them together."
    )
    columns = (
        Column("p50_ms", "p50 ms", "low", ".2f"),
        Column("p99_ms", "p99 ms", "low", ".2f"),
    )

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [
            Case(contender, setup, group, setup.label, stores=True)
            for group in GROUPS
            for setup in self.setups(contender)
        ]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        pause_s, n = GROUPS[case.group]
        with bench.session(case) as run, run.client() as client, run.workers():
            client.ask("round_trips", n=50, pause_s=0.0, budget_s=5.0)
            trips = client.ask("round_trips", n=bench.size(n), pause_s=pause_s, budget_s=10.0)["each_ms"]
        cuts = quantiles(trips, n=100, method="inclusive")
        return {"p50_ms": cuts[49], "p99_ms": cuts[98]}


MEASUREMENT = RoundTrip()
