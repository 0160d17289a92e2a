"""The pools that are measured: the same command line for whoever has Celery's options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .contender import Setup

#: With how many at once the overhead of a pool is measured.
CONCURRENCY = {"solo": 1, "prefork": 2, "threads": 10, "gevent": 100, "eventlet": 100, "asyncio": 100}
#: Those in which thousands of tasks wait at once.
WAITING = ("gevent", "eventlet", "asyncio")
SLEEPERS = 10_000


def setups(
    worker: Sequence[str],
    flags: Sequence[str] = (),
    environment: tuple[tuple[str, str], ...] = (),
    without: Sequence[str] = (),
) -> Iterator[Setup]:
    """One for each pool but those `without`; a set-up's label is the pool's name and how many tasks run at once."""

    def setup(pool: str, at_once: int, use: str) -> Setup:
        command = (*worker, "-P", pool, "-c", str(at_once), *flags)
        processes = at_once if pool == "prefork" else 1
        return Setup(f"{pool} {at_once}", processes, (command,), frozenset({use}), environment, at_once)

    for pool, at_once in CONCURRENCY.items():
        if pool not in without:
            yield setup(pool, at_once, "pools")
            if pool in WAITING:
                yield setup(pool, SLEEPERS, "sleepers")
