"""Prints what a round trip costs across processes, how fast a worker drains, and what waiting costs.

`python benchmarks/round_trip.py [TRIPS]`: publish here, reserve, store and settle in another process, hear of the
result here; then the same beside a third process that drains a backlog as fast as it can.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from umbel.model import Message, Record, Settlement
from umbel_sqlite.backend import SqliteBackend
from umbel_sqlite.transport import SqliteTransport

sys.path.insert(0, str(Path(__file__).parent))
from operations import BODY, HEADERS, PROPERTIES

BACKLOG = 200_000


def work(url: str, queue: str, ready: Event, stop: Event, with_results: bool) -> None:
    """A worker with nothing between reserve and settle."""
    transport, backend = SqliteTransport(url), SqliteBackend(url)
    transport.reserve([queue], 1, 0.0)
    ready.set()
    done, busy, started = 0, 0.0, time.process_time()
    while not stop.is_set():
        began = time.perf_counter()
        deliveries = transport.reserve([queue], 100, 0.5)
        if deliveries:
            if with_results:
                backend.store([Record(one.message.headers["id"], "SUCCESS", BODY, 86400.0) for one in deliveries])
            transport.settle([Settlement(one) for one in deliveries])
            done += len(deliveries)
            busy += time.perf_counter() - began
    cpu = time.process_time() - started
    print(f"  worker on {queue}: {done} messages, {done / busy:,.0f} /s while busy, {cpu / done * 1e6:.1f} µs CPU each")
    transport.close()
    backend.close()


def trips(url: str, count: int) -> None:
    transport, backend = SqliteTransport(url), SqliteBackend(url)
    subscription = backend.subscribe()
    whole, sending = [], []
    for number in range(count):
        task_id = f"{os.getpid()}-{time.time_ns()}-{number}"
        began = time.perf_counter()
        transport.publish([Message("trips", BODY, {**HEADERS, "id": task_id}, PROPERTIES)])
        sending.append(time.perf_counter() - began)
        subscription.add([task_id])
        while not subscription.receive(5.0):
            pass
        whole.append(time.perf_counter() - began)
    show("round trip", whole)
    show("publish alone", sending)
    transport.close()
    backend.close()


def show(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    cells = [f"p{share * 100:g} {ordered[int(len(ordered) * share)] * 1e3:.2f} ms" for share in (0.5, 0.9, 0.99)]
    print(f"  {name:14}", *cells, f"max {ordered[-1] * 1e3:.2f} ms")


def idle(pid: int) -> None:
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        before = ticks(stat)
        time.sleep(5)
        print(f"  idle worker: {(ticks(stat) - before) / os.sysconf('SC_CLK_TCK') / 5:.2%} of a core")


def ticks(stat: Path) -> int:
    fields = stat.read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def fill(url: str) -> None:
    transport = SqliteTransport(url)
    for _ in range(BACKLOG // 1000):
        transport.publish([Message("backlog", BODY, HEADERS, PROPERTIES) for _ in range(1000)])
    transport.close()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        ready, stop = spawn.Event(), spawn.Event()
        worker = spawn.Process(target=work, args=(url, "trips", ready, stop, True))
        worker.start()
        ready.wait()
        print("alone")
        trips(url, count)
        idle(worker.pid or 0)
        fill(url)
        ready.clear()
        drainer = spawn.Process(target=work, args=(url, "backlog", ready, stop, False))
        drainer.start()
        ready.wait()
        print("beside one that drains")
        trips(url, count)
        print(f"  wal {Path(folder, 'bench.db-wal').stat().st_size / 1e6:.1f} MB")
        stop.set()
        worker.join()
        drainer.join()


if __name__ == "__main__":
    main()
