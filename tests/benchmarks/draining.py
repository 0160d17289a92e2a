"""A queue that is full before the worker starts, and what it takes until it is empty."""

from __future__ import annotations

from .measurement import Bench, Case
from .session import Session


def drained(bench: Bench, case: Case, n: int, task: str = "") -> dict[str, float]:
    """Tasks a second from the first execution to the last, and what one took of worker and server. Blocks.

    The task is the no-op, or the one of that name in the contender's app, which counts itself once.
    """
    # To fill the queue is no part of it, so that need not wait for a disk.
    with bench.session(case) as run, run.client(BENCH_DURABILITY="synchronous=off") as client:
        client.ask("fill", n=n, **({"task": task} if task else {}))
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
