"""A project whose task says that it runs, and goes on when a file is there."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from umbel import Umbel

FILES = Path(os.environ["PATIENT_FILES"])

app = Umbel("patient")
if "PATIENT_LEASE_S" in os.environ:
    app.conf.sqlite_lease_s = float(os.environ["PATIENT_LEASE_S"])


@app.task(acks_late=True, bind=True)
def wait(self, name):
    with (FILES / f"{name}.began").open("a") as began:
        began.write(f"{os.getpid()}\n")
    while not (FILES / "go").exists():
        time.sleep(0.005)
    return name


def send():
    """Send three tasks."""
    for name in ("first", "second", "third"):
        wait.apply_async((name,), task_id=name)


def results():
    """Print, as JSON, the states of the three."""
    print(json.dumps([wait.AsyncResult(name).state for name in ("first", "second", "third")]))


def depth():
    """Print, as JSON, how many messages nobody has settled yet."""
    found = app.transport.admin().depth("celery")
    print(json.dumps(found.ready + found.reserved))


def leased_until():
    """Print, as JSON, when the last of the leases ends, in seconds since the epoch."""
    print(json.dumps(_lease("max(until)") or 0))


def leases():
    """Print, as JSON, how many messages are leased."""
    print(json.dumps(_lease("count(*)")))


def _lease(what):
    (path,) = Path(os.environ["XDG_STATE_HOME"]).rglob("*.db")
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f"select {what} from lease").fetchone()[0]


if __name__ == "__main__":
    {"send": send, "results": results, "depth": depth, "leased_until": leased_until, "leases": leases}[sys.argv[1]]()
