"""Whether memory grows with the number of tasks that wait."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..processes import Tree, weight_of
from ..samples import Column
from ..session import Session

FEW = 1_000
HOUR_S = 3600.0


class Growth(Measurement):
    name = "growth"
    place = 8
    title = "Growth with waiting tasks"
    note = (
        "RSS in MiB: how much more with as many tasks as the row says than with 1,000, waiting behind tasks that keep "
        "every process of the worker busy (queued), or due in an hour (delayed)."
    )
    columns = (
        Column("delayed_growth", "worker grows, delayed", "low", "+.1f"),
        Column("queued_growth", "worker grows, queued", "low", "+.1f"),
        Column("client_growth", "client grows", "low", "+.1f"),
        Column("worker_few", "worker at 1,000", "low", ".1f"),
        Column("client_few", "client at 1,000", "low", ".1f"),
        Column("worker_queued", "worker with all queued", "low", ".1f"),
        Column("server_queued", "server bytes/queued task", "low", ",.0f"),
        Column("server_delayed", "server bytes/delayed task", "low", ",.0f"),
    )
    repeats = 1

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, setup, "", f"{setup.label}, {_sizes(contender)}") for setup in self.setups(contender)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        contender = case.contender
        queued = self._grow(bench, case, bench.size(contender.growth), delayed=False)
        delayed = self._grow(bench, case, bench.size(contender.growth_delayed or contender.growth), delayed=True)
        found = {
            "queued_growth": queued["worker"],
            "delayed_growth": delayed["worker"],
            "client_growth": max(queued["client"], delayed["client"]),
            "worker_few": delayed["worker_few"],
            "client_few": delayed["client_few"],
        }
        if "server" in queued:
            found["worker_queued"] = queued["worker_many"]
            found |= {"server_queued": queued["server"], "server_delayed": delayed["server"]}
        return found

    def _grow(self, bench: Bench, case: Case, many: int, *, delayed: bool) -> dict[str, float]:
        assert case.setup is not None
        many = max(many, 2 * FEW)
        with bench.session(case) as run, run.client() as client, run.workers() as trees:
            client.ask("enqueue", n=20)
            run.until_count(20)
            if not delayed:
                at_once = case.setup.at_once or case.setup.processes
                client.ask("hold", n=at_once)
                run.until_count(20 + at_once)
            weights, held = [], []
            for more in (FEW, many - FEW):
                if delayed:
                    client.ask("later", n=more, delay_s=HOUR_S)
                else:
                    client.ask("fill", n=more)
                _until_quiet(run, trees)
                weights.append((sum(tree.weight().rss for tree in trees), weight_of(client.pid).rss))
                held.append(run.server.memory() if run.server else 0)
        (worker_few, client_few), (worker_many, client_many) = weights
        found = {
            "worker": worker_many - worker_few,
            "client": client_many - client_few,
            "worker_few": worker_few,
            "worker_many": worker_many,
            "client_few": client_few,
        }
        return found | {"server": (held[1] - held[0]) / (many - FEW)} if run.server else found


def _sizes(contender: Contender) -> str:
    delayed = f" ({contender.growth_delayed:,} delayed)" if contender.growth_delayed else ""
    return f"{contender.growth:,} tasks{delayed}"


def _until_quiet(run: Session, trees: Sequence[Tree]) -> None:
    """Blocks until the worker has taken what it takes of the queue: until it spends almost no CPU for a second."""

    def quiet() -> bool:
        before = sum(tree.cpu_s() for tree in trees)
        time.sleep(1)
        return sum(tree.cpu_s() for tree in trees) - before < 0.05

    run.until(quiet, "second of rest", timeout_s=180)


MEASUREMENT = Growth()
