"""What other processes do with a pool while a test looks on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from umbel.contracts import Pool, PoolSettings
from umbel_conformance.elsewhere import until_the_parent_is_gone
from umbel_conformance.pool.bench import Watched, job
from umbel_conformance.pool.scripted import ScriptedRunner


def run_pool(driver: type[Pool], settings: PoolSettings, runner: ScriptedRunner) -> Iterator[Sequence[int]]:
    """Run one job, say which processes there are, and stay until killed."""
    pool = driver(settings)
    pool.start(runner)
    Watched(pool, runner, patience_s=20.0).run(job())
    yield list(pool.pids())
    until_the_parent_is_gone()
