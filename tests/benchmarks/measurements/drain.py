"""How fast a full queue empties."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..samples import Column
from ..session import Session


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
        n = bench.size(case.setup.drain or case.contender.drain)
        # To fill the queue is no part of it, so that need not wait for a disk.
        with bench.session(case) as run, run.client(BENCH_DURABILITY="synchronous=off") as client:
            client.ask("fill", n=n)
            with run.workers() as trees:
                run.until_count(1)
                cpu_s, server, ran = sum(tree.cpu_s() for tree in trees), _server(run), run.counter.count
                run.until_count(n)
                end_ns = run.counter.last_ns
                if case.stores:
                    end_ns = max(end_ns, client.ask("wait_stored", n=n, timeout_s=60)["at_ns"])
                cpu_s = sum(tree.cpu_s() for tree in trees) - cpu_s
                spent = {key: value - server[key] for key, value in _server(run).items()}
            seconds, each = (end_ns - run.counter.first_ns) / 1e9, 1 / max(n - ran, 1)
            return {"tasks_s": n / seconds, "cpu_us": cpu_s * each * 1e6} | {key: spent[key] * each for key in spent}


def _server(run: Session) -> dict[str, float]:
    """What the server, if there is one, has done so far."""
    return {"server_us": run.server.cpu_s() * 1e6, "commands": run.server.commands()} if run.server else {}


def _processes(number: int) -> str:
    return "one process" if number == 1 else f"{number} processes"


MEASUREMENT = Drain()
