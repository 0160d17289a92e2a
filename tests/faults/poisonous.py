"""A project with a task that kills the process that runs it, and with innocent ones beside it."""

from __future__ import annotations

import json
import os
import signal
import sys

from umbel import Umbel
from umbel.exceptions import WorkerLostError

INNOCENT = 200

app = Umbel("poisonous")
# All that wait are held by the worker while the first of them runs.
app.conf.worker_prefetch_multiplier = 0


@app.task(acks_late=True, reject_on_worker_lost=True)
def kill():
    with open("deaths", "a") as deaths:
        deaths.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(acks_late=True)
def work(number):
    return number


def send():
    """Send the one that kills, and behind it the others; print nothing."""
    kill.apply_async(task_id="killer")
    for number in range(INNOCENT):
        work.apply_async((number,), task_id=f"work-{number}")


def results():
    """Print, as JSON, what became of the killer, and how many of the others have run."""
    try:
        killer = kill.AsyncResult("killer").get(timeout=60)
    except WorkerLostError as error:
        killer = str(error)
    print(json.dumps([killer, sum(work.AsyncResult(f"work-{n}").get(timeout=60) == n for n in range(INNOCENT))]))


def dead():
    """Print, as JSON, the dead letters, by their tasks, and how often those were lost."""
    print(json.dumps([[one.message.headers["id"], one.lost] for one in app.transport.admin().dead("celery")]))


def depth():
    """Print, as JSON, how many messages wait, and how many are held."""
    found = app.transport.admin().depth("celery")
    print(json.dumps([found.ready, found.reserved]))


if __name__ == "__main__":
    {"send": send, "results": results, "dead": dead, "depth": depth}[sys.argv[1]]()
