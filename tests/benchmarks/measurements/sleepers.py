"""How many tasks can wait at once in one process, and what one that waits weighs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..contender import Contender
from ..measurement import Bench, Case, Measurement
from ..pools import SLEEPERS
from ..processes import peak_mib
from ..samples import Column
from ..session import Session

#: As in `apps/pool_tasks.py`.
SLEEP_S = 1.0


class Sleepers(Measurement):
    name = "sleepers"
    place = 11
    title = f"{SLEEPERS:,} tasks that sleep for a second, all at once"
    note = (
        "Queued before the worker starts, one process, results ignored. asyncio: asyncio.sleep(1) in async def; "
        "the others: time.sleep(1). From the moment at which the first task begins until the last one has ended. "
        "Asleep at once: those that have begun when the first one ends. A sleeper: the most memory that the worker "
        "has had, less what it has after twenty no-ops, for each that was asleep at once."
    )
    columns = (
        Column("wall_s", "seconds", "low", ",.2f"),
        Column("asleep", "asleep at once", "high"),
        Column("rss_mib", "peak RSS MiB", "low", ",.0f"),
        Column("sleeper_kib", "KiB a sleeper", "low", ",.1f"),
        Column("cpu_us", "worker CPU µs/task", "low"),
    )
    repeats = 1

    def cases(self, contender: Contender) -> Sequence[Case]:
        return [Case(contender, setup, setup.label.partition(" ")[0], setup.label) for setup in self.setups(contender)]

    def once(self, bench: Bench, case: Case) -> dict[str, float]:
        n, idle_mib = bench.size(SLEEPERS), _idle_mib(bench, case)
        with bench.session(case) as run, run.client() as client:
            client.ask("fill", n=n, task="async_sleep" if case.group == "asyncio" else "sleep")
            with run.workers() as trees:
                run.until_count(1)
                cpu_s = sum(tree.cpu_s() for tree in trees)
                asleep = min(_begun_in_time(run), n)
                run.until_count(2 * n)
                cpu_s = sum(tree.cpu_s() for tree in trees) - cpu_s
                rss_mib = peak_mib([pid for tree in trees for pid in tree.pids()])
            return {
                "wall_s": (run.counter.last_ns - run.counter.first_ns) / 1e9,
                "asleep": asleep,
                "rss_mib": rss_mib,
                "sleeper_kib": (rss_mib - idle_mib) * 1024 / asleep,
                "cpu_us": cpu_s / n * 1e6,
            }


def _begun_in_time(run: Session) -> int:
    """How many have begun when the first one ends; blocks until then."""
    end_ns = run.counter.first_ns + SLEEP_S * 1e9
    run.until(lambda: time.monotonic_ns() >= end_ns, "end of the first sleep")
    return run.counter.count


def _idle_mib(bench: Bench, case: Case) -> float:
    """What such a worker has when it has done next to nothing."""
    with bench.session(case) as run, run.client() as client, run.workers() as trees:
        client.ask("enqueue", n=20)
        run.until_count(20)
        return sum(tree.weight().rss for tree in trees)


MEASUREMENT = Sleepers()
