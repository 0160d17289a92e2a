"""One run from the start of the worker to the figures."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from umbel.plugin.catalogue import Catalogue
from umbel_demo import measure
from umbel_demo.session import Session
from umbel_demo.summary import Summary, percentiles, totals
from umbel_demo.tasks import app

#: Calls under way for each task that can run at once: enough that no process waits for its next task.
AHEAD = 16
#: What the environment says of these counts more than any setting, for both ends.
BROKER, BACKEND = "UMBEL_BROKER_URL", "UMBEL_RESULT_BACKEND"


def run(files: Sequence[str], concurrency: int | None, pool: str | None, broker: str | None) -> Summary:
    """Do the work through the queue and then serially, and compare."""
    concurrency = concurrency or _cpus()
    pool = pool or _default("pool")
    broker = broker or f"{_default('transport')}://{app.main}"
    # Whatever the broker, results are kept where the installation keeps them by default: both ends are on this machine.
    backend = f"{_default('backend')}://{app.main}"
    queue = f"umbel-demo-{uuid.uuid4().hex[:8]}"
    worker = ["-A", "umbel_demo.tasks", "-q", "worker", "-Q", queue, "-c", str(concurrency), "-P", pool]
    transport = broker.partition(":")[0]
    click.echo(f"{len(files):,} files, {concurrency} at a time: {pool} pool, broker {transport}", err=True)
    queued = _through_the_queue(files, worker, {BROKER: broker, BACKEND: backend}, queue, AHEAD * concurrency)
    with _bar("serially", len(files)) as bar:
        serial = measure.serially(files, lambda: bar.update(1))
    return _summary(queued, serial, concurrency, pool, transport)


def _through_the_queue(
    files: Sequence[str], worker: list[str], environment: dict[str, str], queue: str, under_way: int
) -> measure.Run:
    bar = _bar("through the queue", len(files))
    with Session(worker, environment) as session, _opened(queue), bar:
        return measure.through_the_queue(files, under_way, queue, session.check, lambda: bar.update(1))


def _cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _default(kind: str) -> str:
    name = Catalogue().default(kind)
    if name is None:
        raise click.ClickException(f"no default {kind} is installed: pip install umbel")
    return name


def _summary(queued: measure.Run, serial: measure.Run, concurrency: int, pool: str, transport: str) -> Summary:
    digests = list(queued.digests.values())
    sums = totals(digests)
    return Summary(
        **sums,
        tasks=len(queued.latencies),
        seconds=queued.seconds,
        serial_seconds=serial.seconds,
        tasks_per_second=len(queued.latencies) / queued.seconds,
        megabytes_per_second=sums["files_bytes"] / 1e6 / queued.seconds,
        latency_ms=percentiles(queued.latencies),
        under_way=AHEAD * concurrency,
        concurrency=concurrency,
        pool=pool,
        transport=transport,
        mismatches=measure.differences(queued, serial),
    )


@contextmanager
def _opened(queue: str) -> Iterator[None]:
    """The app's connections, for as long as the session's folder is there."""
    if "across_processes" not in app.transport.features:
        raise click.ClickException(f"the broker {app.transport.url} is for one process; the demo has two and more")
    try:
        yield
    finally:
        # Where the broker is not the demo's own, messages that an interruption left behind would stay.
        app.transport.admin().purge(queue)
        app.close()


def _bar(label: str, length: int) -> Any:
    return click.progressbar(length=length, label=f"{label:<18}", file=sys.stderr)
