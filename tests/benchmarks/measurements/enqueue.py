"""What a call costs its caller."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..samples import Column

ONE, MANY = "one by one", "in bulk"


class Enqueue(Measurement):
    name = "enqueue"
    place = 2
    title = "Enqueue"
    note = (
        "No worker runs and results are ignored. In bulk: the contender's own way to send many, where it has one. "
        "CPU: user and system, all threads of the client."
    )
    columns = (
        Column("messages_s", "messages/s", "high"),
        Column("cpu_us", "client CPU µs/call", "low", ",.1f"),
    )

    def cases(self, contender: Contender) -> Sequence[Case]:
        ways = (ONE, MANY) if contender.has_bulk else (ONE,)
        return [Case(contender, None, way, contender.name) for way in ways]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        n = bench.size(min(case.contender.drain, 20_000))
        op = "enqueue" if case.group == ONE else "bulk"
        with bench.session(case) as run, run.client() as client:
            client.ask(op, n=max(n // 20, 10))
            spent = client.ask(op, n=n)
        return {"messages_s": n / spent["wall_s"], "cpu_us": spent["cpu_s"] / n * 1e6}


MEASUREMENT = Enqueue()
