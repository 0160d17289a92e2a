"""How fast the pool is: jobs a second, the round trip of one job, and memory. Run it: `python measure.py [children]`.

The jobs do nothing, and the runner decodes nothing, so what is measured is the way to a child and back alone. The
jobs come from a thread of their own, as in the worker.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator

from umbel.contracts.pool import PoolSettings
from umbel.model import Finished, Job, Message, Outcome
from umbel_prefork.pool import PreforkPool

HEADERS = {
    "lang": "py", "task": "tasks.noop", "id": "d" * 36, "shadow": None, "eta": None, "expires": None, "group": None,
    "group_index": None, "retries": 0, "timelimit": [None, None], "root_id": "d" * 36, "parent_id": None,
    "argsrepr": "()", "kwargsrepr": "{}", "origin": "gen1@host", "ignore_result": False, "stamps": {},
}  # fmt: skip
PROPERTIES = {"correlation_id": "d" * 36, "reply_to": "e" * 36, "delivery_mode": 2, "priority": 0}
BODY = b'[[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'
DONE = Outcome("SUCCESS", b'{"status": "SUCCESS", "result": null, "task_id": "' + b"d" * 36 + b'"}', summary="None")


class NoRunner:
    """Has nothing to do."""

    def run(self, job: Job) -> Outcome:
        return DONE

    def lost(self, job: Job, error: BaseException) -> Outcome:
        raise error

    def process_started(self) -> None: ...

    def process_stopping(self) -> None: ...


def jobs(count: int, **limits: float) -> list[Job]:
    return [
        Job(key, "tasks.noop", "d" * 36, Message("celery", BODY, dict(HEADERS), dict(PROPERTIES)), **limits)
        for key in range(count)
    ]


def batches(all_jobs: list[Job], size: int) -> Iterator[list[Job]]:
    return (all_jobs[at : at + size] for at in range(0, len(all_jobs), size))


def drain(pool: PreforkPool, count: int, size: int, **limits: float) -> float:
    """Jobs a second; at most 1,000 are under way, and arrive `size` at a time."""
    todo, room = jobs(count, **limits), threading.Semaphore(1000 // size)

    def feed() -> None:
        for batch in batches(todo, size):
            room.acquire()
            pool.submit(batch)

    feeder = threading.Thread(target=feed)
    begun = time.perf_counter()
    feeder.start()
    finished = 0
    while finished < count:
        before = finished
        finished += sum(isinstance(event, Finished) for event in pool.events(None))
        for _ in range(finished // size - before // size):
            room.release()
    took = time.perf_counter() - begun
    feeder.join()
    return count / took


def round_trips(pool: PreforkPool, count: int) -> list[float]:
    """Seconds from `submit` to the `Finished`, one job at a time, the two on different threads."""
    todo, over, took = jobs(count), threading.Semaphore(0), []

    def listen() -> None:
        finished = 0
        while finished < count:
            for event in pool.events(None):
                if isinstance(event, Finished):
                    finished += 1
                    over.release()

    listener = threading.Thread(target=listen)
    listener.start()
    for job in todo:
        begun = time.perf_counter()
        pool.submit([job])
        over.acquire()
        took.append(time.perf_counter() - begun)
    listener.join()
    return took


def same_thread_round_trips(pool: PreforkPool, count: int) -> list[float]:
    """The same without a change of threads."""
    took = []
    for job in jobs(count):
        begun = time.perf_counter()
        pool.submit([job])
        while not any(isinstance(event, Finished) for event in pool.events(None)):
            pass
        took.append(time.perf_counter() - begun)
    return took


def pss_kib(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))


def family(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [pid, *(one for child in children.read().split() for one in family(int(child)))]


def cpu_s(pids: list[int]) -> float:
    """User and system time of these processes so far."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            ticks += sum(map(int, stat.read().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def show_drain(what: str, pool: PreforkPool, count: int, size: int, **limits: float) -> None:
    others = family(os.getpid())[1:]
    ours, theirs = time.process_time(), cpu_s(others)
    rate = drain(pool, count, size, **limits)
    ours, theirs = time.process_time() - ours, cpu_s(others) - theirs
    print(f"{what:26} {rate:8,.0f} jobs/s   CPU a job: worker {ours / count * 1e6:4.1f} µs", end="")
    print(f", children {theirs / count * 1e6:4.1f} µs")


def quantiles(took: list[float]) -> str:
    cuts = statistics.quantiles(took, n=100)
    return f"p50 {cuts[49] * 1e6:6.0f} µs   p99 {cuts[98] * 1e6:6.0f} µs"


def main() -> None:
    children = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    pool = PreforkPool(PoolSettings(concurrency=children))
    begun = time.perf_counter()
    pool.start(NoRunner())
    print(f"start, {children} children          {(time.perf_counter() - begun) * 1e3:6.1f} ms")
    pids = family(os.getpid())
    print(f"memory, {len(pids)} processes         {sum(map(pss_kib, pids)) / 1024:6.1f} MiB PSS")
    drain(pool, 2_000, 100)
    for size in (1, 20, 100):
        show_drain(f"drain, {size} at a time", pool, 20_000, size)
    show_drain("drain, with time limits", pool, 20_000, 100, time_limit=300, soft_time_limit=200)
    print(f"round trip, one thread       {quantiles(same_thread_round_trips(pool, 3_000))}")
    print(f"round trip, two threads      {quantiles(round_trips(pool, 3_000))}")
    print(f"memory after that             {sum(map(pss_kib, pids)) / 1024:6.1f} MiB PSS")
    pool.stop(None)


if __name__ == "__main__":
    main()
