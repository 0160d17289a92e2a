"""What workflows take: time, bytes, memory."""

from __future__ import annotations

from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..processes import peak_mib
from ..samples import Column

#: Each with how many: chords, members, steps, nests.
SHAPES = {"chords of 10": 1_000, "one chord": 10_000, "chain": 1_000, "nested chords": 1}


class Workflows(Measurement):
    name = "workflows"
    place = 9
    title = "Workflows"
    note = (
        "A thousand chords of 10; one chord of 10,000; a chain of 1,000 steps; a chord of 10 whose body is a chord of "
        "10, and so on, six deep. From the call until the client has the last result, with a worker of two processes "
        "that waits already. Bytes: all that the server is sent, by client and worker, results and counting included."
    )
    columns = (
        Column("wall_s", "seconds", "low", ",.3f"),
        Column("sent_kib", "KiB sent", "low", ",.0f"),
        Column("client_mib", "client, peak RSS MiB", "low", ".1f"),
        Column("worker_mib", "worker, peak RSS MiB", "low", ".1f"),
    )
    repeats = 3

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [
            Case(contender, setup, f"{size:,} {shape}" if size > 1 else shape, setup.label, stores=True)
            for shape, size in SHAPES.items()
            for setup in self.setups(contender)
        ]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        shape = next(shape for shape in SHAPES if case.group.endswith(shape))
        n = max(SHAPES[shape] // 20, 1) if bench.quick else SHAPES[shape]
        with bench.session(case) as run, run.client() as client, run.workers() as trees:
            client.ask("workflow", shape="one chord", n=20)  # both have imported everything, and are connected
            assert run.server is not None
            sent = run.server.received()
            wall_s = client.ask("workflow", shape=shape, n=n)["wall_s"]
            return {
                "wall_s": wall_s,
                "sent_kib": (run.server.received() - sent) / 1024,
                "client_mib": peak_mib([client.pid]),
                "worker_mib": peak_mib([pid for tree in trees for pid in tree.pids()]),
            }


MEASUREMENT = Workflows()
