"""What many callers of one process get done at once."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..samples import Column


class Together(Measurement):
    name = "together"
    place = 2
    title = "Enqueue from many threads or coroutines at once"
    note = "No worker runs and results are ignored; each caller waits for each of its calls."
    columns = (
        Column("messages_s", "messages/s", "high"),
        Column("cpu_us", "client CPU µs/call", "low", ",.1f"),
    )

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, None, who, contender.name) for who in sorted(contender.together)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        n = bench.size(min(case.contender.drain, 20_000))
        with bench.session(case) as run, run.client() as client:
            client.ask("together", who=case.group, n=max(n // 20, 100))
            spent = client.ask("together", who=case.group, n=n)
        return {"messages_s": n / spent["wall_s"], "cpu_us": spent["cpu_s"] / n * 1e6}


MEASUREMENT = Together()
