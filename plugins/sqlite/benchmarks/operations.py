"""Prints what each operation costs, in µs a message: `python benchmarks/operations.py [MESSAGES]`.

One process, nobody else: the wall and the CPU time of the calls themselves. `round_trip.py` measures across processes.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from umbel.model import Delivery, Message, Record, Settlement
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.transport import SqliteTransport

BATCH = 100
ID = "d9428888-122b-11e1-b85c-61cd3cbb3210"
HEADERS: dict[str, Any] = {
    "lang": "py",
    "task": "proj.tasks.add",
    "id": ID,
    "root_id": ID,
    "parent_id": None,
    "group": None,
    "group_index": None,
    "shadow": None,
    "eta": None,
    "expires": None,
    "retries": 0,
    "timelimit": [None, None],
    "argsrepr": "(1, 2)",
    "kwargsrepr": "{}",
    "origin": "gen123@host",
    "ignore_result": False,
    "stamped_headers": None,
    "stamps": {},
}
PROPERTIES = {"correlation_id": ID, "reply_to": ID, "delivery_mode": 2, "priority": 0}
BODY = b'[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'


def message(queue: str = "q", due: float | None = None) -> Message:
    return Message(queue, BODY, HEADERS, PROPERTIES, due=due)


def measure(name: str, count: int, call: Callable[[], None]) -> None:
    """Run `call`, which handles `count` messages, and print a line."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name:44}{wall / count * 1e6:9.1f} µs{cpu / count * 1e6:9.1f} µs CPU{count / wall:11,.0f} /s")


def batches(count: int, size: int) -> range:
    return range(count // size)


class Queue:
    """The transport's part."""

    def __init__(self, transport: SqliteTransport) -> None:
        self.transport = transport
        self.held: list[Delivery] = []

    def publish(self, count: int, size: int, queue: str = "q", due: float | None = None) -> None:
        for _ in batches(count, size):
            self.transport.publish([message(queue, due) for _ in range(size)])

    def reserve(self, count: int, size: int) -> None:
        for _ in batches(count, size):
            self.held += self.transport.reserve(["q"], size, 0.0)

    def settle(self, count: int, size: int) -> None:
        for _ in batches(count, size):
            part, self.held = self.held[:size], self.held[size:]
            assert not self.transport.settle([Settlement(one) for one in part])

    def cycle(self, name: str, count: int) -> None:
        """Publish, reserve and settle, one by one and in batches."""
        for size in (1, BATCH):
            measure(f"publish{name}, {size} a call", count, partial(self.publish, count, size))
            measure(f"reserve{name}, {size} a call", count, partial(self.reserve, count, size))
            measure(f"extend{name}, {BATCH} a call", count, self.extend)
            measure(f"settle{name}, {size} a call", count, partial(self.settle, count, size))

    def extend(self) -> None:
        for start in range(0, len(self.held), BATCH):
            assert not self.transport.extend(self.held[start : start + BATCH])


def results(backend: SqliteBackend, count: int) -> None:
    def store(size: int) -> None:
        for number in batches(count, size):
            backend.store([Record(f"{size}-{number}-{one}", "SUCCESS", BODY, 86400.0) for one in range(size)])

    def fetch(size: int) -> None:
        for number in batches(count, size):
            assert None not in backend.fetch([f"{size}-{number}-{one}" for one in range(size)])

    for size in (1, BATCH):
        measure(f"store, {size} a call", count, partial(store, size))
        measure(f"fetch, {size} a call", count, partial(fetch, size))


def most_memory() -> int:
    """The most that this process ever had resident, in KiB (on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        transport, backend = SqliteTransport(f"sqlite:///{file}"), SqliteBackend(f"sqlite:///{file}")
        queue = Queue(transport)
        queue.cycle("", count)
        results(backend, count)
        before, backlog = most_memory(), 100_000
        measure("publish a backlog of ready ones", backlog, lambda: queue.publish(backlog, 1000))
        measure(
            "publish a backlog of delayed ones", backlog, lambda: queue.publish(backlog, 1000, due=time.time() + 1e4)
        )
        queue.cycle(" beside 100k ready and 100k delayed", count)
        print(f"memory: {before / 1024:.1f} MB at most before the backlog, {most_memory() / 1024:.1f} MB with it")
        print(f"file {file.stat().st_size / 1e6:.0f} MB, wal {Path(f'{file}-wal').stat().st_size / 1e6:.0f} MB")
        transport.close()
        backend.close()


if __name__ == "__main__":
    main()
