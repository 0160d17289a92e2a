"""How fast the pool is, and what a greenlet costs: `python measure.py [greenlets]`.

The tasks are real ones, run by the kernel's runner: decoded, with their hooks, and with an encoded record at the end. A
whole worker is measured on the in-memory transport, if that is installed.
"""

from __future__ import annotations

from umbel_eventlet import patching

patching.patch()

import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

from umbel import Umbel  # noqa: E402
from umbel.contracts.pool import Pool, PoolSettings  # noqa: E402
from umbel.execution.runner import TaskRunner  # noqa: E402
from umbel.model import Finished, Job, Message  # noqa: E402
from umbel.worker import Worker  # noqa: E402
from umbel_eventlet.pool import EventletPool  # noqa: E402

app = Umbel("measure", broker="memory://measure", backend="memory://measure")
app.conf.worker_concurrency = 10_000
BODY = b'[[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'


@app.task(name="sleep")
def sleep() -> None:
    time.sleep(1)


@app.task(name="noop")
def noop() -> None: ...


@app.task(name="coroutine")
async def coroutine() -> None: ...


def jobs(task: Any, count: int, **limits: float) -> list[Job]:
    def message() -> Message:
        headers = {"task": task.name, "id": "d" * 36, "root_id": "d" * 36, "retries": 0, "ignore_result": False}
        return Message("celery", BODY, headers, content_type="application/json", content_encoding="utf-8")

    return [Job(key, task.name, "d" * 36, message(), **limits) for key in range(count)]


def drain(pool: Pool, todo: list[Job], size: int) -> float:
    """Seconds until all have ended, when they arrive `size` at a time."""
    begun = time.perf_counter()
    feeder = threading.Thread(target=lambda: [pool.submit(todo[at : at + size]) for at in range(0, len(todo), size)])
    feeder.start()
    finished = 0
    while finished < len(todo):
        finished += sum(isinstance(event, Finished) for event in pool.events(None))
    took = time.perf_counter() - begun
    feeder.join()
    return took


def status_mib(field: str) -> float:
    """Of this process: `VmRSS` is its resident memory, `VmHWM` the most that it was (proc(5))."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def show_sleepers(pool: Pool, count: int) -> None:
    todo = jobs(sleep, count)
    before, cpu = status_mib("VmRSS"), time.process_time()
    took = drain(pool, todo, 1000)
    most = status_mib("VmHWM")
    print(
        f"{count:,} × time.sleep(1)".ljust(28),
        f"{took:.2f} s, {time.process_time() - cpu:.2f} s of CPU, at most {most:.0f} MiB RSS "
        f"({(most - before) * 1024 / count:.1f} KiB a greenlet)",
    )


def show_rates(pool: Pool) -> None:
    for what, task, size, count, limits in (
        ("def, 100 at a time", noop, 100, 20_000, {}),
        ("def, 1 at a time", noop, 1, 20_000, {}),
        ("def with time limits", noop, 100, 20_000, {"time_limit": 300.0, "soft_time_limit": 200.0}),
        ("async def", coroutine, 100, 2_000, {}),
    ):
        todo = jobs(task, count, **limits)
        cpu = time.process_time()
        took = drain(pool, todo, size)
        cpu = time.process_time() - cpu
        print(f"{what:28} {count / took:8,.0f} jobs/s, {cpu / count * 1e6:4.0f} µs of CPU a job")


def show_worker(count: int) -> None:
    results = sleep.apply_many(() for _ in range(count))
    worker = Worker(app, pool="eventlet", concurrency=count)
    thread = threading.Thread(target=worker.run, kwargs={"handle_signals": False})
    begun = time.perf_counter()
    thread.start()
    for result in results:
        result.get()
    print(
        f"{count:,} of them in a worker".ljust(28),
        f"{time.perf_counter() - begun:.2f} s from its start to the last result, at most {status_mib('VmHWM'):.0f} "
        "MiB RSS, client and broker included",
    )
    worker.stop()
    thread.join()


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    made = EventletPool(PoolSettings(concurrency=number))
    made.start(TaskRunner(app, "celery@measure"))
    show_sleepers(made, number)
    show_rates(made)
    made.stop(None)
    if "memory" in app.catalogue.names("transport"):
        show_worker(number)
