"""Pools that run tasks in the worker's own process cannot survive a task that ends it.

What is promised then: nothing that is acknowledged late is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.needs("umbel-cli", "umbel-sqlite"), pytest.mark.faults]

POOLS = ("solo", "threads", "asyncio", "gevent", "eventlet")
DEATHS = [(pool, how) for how in ("exit", "block") for pool in POOLS] + [("threads", "kill"), ("threads", "crash")]


@pytest.mark.parametrize(("pool", "how"), DEATHS)
def test_another_worker_runs_what_a_dead_one_had(machine: Callable[[str], Any], pool: str, how: str) -> None:
    if pool != "solo":
        pytest.importorskip(f"umbel_{pool}")
    here = machine("lonely")
    runs = here.folder / "runs"
    worker = here.worker("-P", pool, "-l", "INFO")
    here.client(f"send:{how}")
    here.until(lambda: runs.exists() and "deadly" in runs.read_text(), "run of the task")
    if how == "block":
        worker.kill()  # as whoever watches over it would, since it answers no more
    here.until(lambda: not worker.alive(), "end of the worker")
    here.worker("-P", pool, "-l", "INFO")
    assert here.ask("result:deadly") == "survived"
    assert here.ask("result:bystander") == "done"
    assert runs.read_text().split().count("deadly") == 2
