"""Umbel's kombu plugin beside Celery on the same transport, each in processes of its own: sends and drains no-op tasks.

    python plugins/kombu/benchmarks/beside_celery.py PYTHON-WITH-CELERY [TASKS]

Celery has its lean settings (no gossip, no mingle, no heartbeat, prefetch 64, a look every millisecond), and both run
one solo worker. Results are off. The median of three rounds, the parties in turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PROJECT = """
import os, sys, time
from pathlib import Path
from {kind} import {app}

HERE, BROKER = Path(__file__).parent, os.environ["BROKER"]
app = {app}("proj", broker=BROKER)
if BROKER.startswith("filesystem"):
    folder = str(HERE / "queues")
    app.conf.broker_transport_options = dict(
        data_folder_in=folder, data_folder_out=folder, control_folder=str(HERE / "control"), polling_interval=0.001
    )
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=64)
if {kind!r} == "celery":
    from kombu.transport import virtual
    virtual.Transport.polling_interval = 0.001
done = 0

@app.task(name="proj.noop")
def noop():
    global done, began
    if not done:
        began = time.perf_counter()
    done += 1
    if done == int(os.environ.get("TASKS", 0)):
        (HERE / "took").write_text(str(time.perf_counter() - began))

if __name__ == "__main__":
    noop.delay()
    began = time.perf_counter()
    for _ in range(int(sys.argv[1]) - 1):
        noop.delay()
    print(time.perf_counter() - began)
"""
BROKERS = {"filesystem": "filesystem://", "SQLAlchemy on SQLite": "sqla+sqlite:///{place}/queues.db"}


def measured(kind: str, python: str, broker: str, tasks: int) -> tuple[float, float]:
    """Tasks a second: sent, drained."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "queues").mkdir()
        (place / "control").mkdir()
        app = {"celery": "Celery", "umbel": "Umbel"}[kind]
        (place / "proj.py").write_text(PROJECT.format(kind=kind, app=app))
        url = broker.format(place=place)
        environment = {**os.environ, "BROKER": url, "TASKS": str(tasks)}
        sent = subprocess.run(
            [python, "proj.py", str(tasks)], cwd=place, env=environment, capture_output=True, text=True, check=True
        )
        lean = ["--without-mingle", "--without-gossip", "--without-heartbeat"] if kind == "celery" else []
        worker = subprocess.Popen(
            [python, "-m", kind, "-A", "proj", "worker", "-P", "solo", "-l", "ERROR", *lean],
            cwd=place, env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not (place / "took").exists() or not (place / "took").read_text():
                if worker.poll() is not None:
                    raise SystemExit(f"the worker of {kind} ended with {worker.returncode}")
                time.sleep(0.05)
        finally:
            worker.kill()
            worker.wait()
        return tasks / float(sent.stdout), tasks / float((place / "took").read_text())


def main() -> None:
    pythons = {"celery": os.path.abspath(sys.argv[1]), "umbel": sys.executable}
    tasks = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    for name, broker in BROKERS.items():
        rounds: dict[str, list[tuple[float, float]]] = {kind: [] for kind in pythons}
        for _ in range(3):
            for kind, python in pythons.items():
                rounds[kind].append(measured(kind, python, broker, tasks))
        for place, what in enumerate(("sent", "drained")):
            theirs, ours = (median(one[place] for one in rounds[kind]) for kind in ("celery", "umbel"))
            print(f"{name}, {what}: Celery {theirs:,.0f}/s, Umbel {ours:,.0f}/s, {ours / theirs:.2f} times")


if __name__ == "__main__":
    main()
