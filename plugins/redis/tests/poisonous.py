"""A project with a task that kills its worker: `python poisonous.py URL WHAT`."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from umbel import Umbel
from umbel.exceptions import WorkerLostError
from umbel.worker import Worker

INNOCENT = 200

app = Umbel("poisonous", broker=sys.argv[1], backend=sys.argv[1])
# A dead worker is known by its leases; and all that wait are held while the first of them runs.
app.conf.update(broker_transport_options={"lease_s": 0.5, "poll_s": 0.2}, worker_prefetch_multiplier=0)


@app.task(acks_late=True, name="kill")
def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(acks_late=True, name="work")
def work(number: int) -> int:
    return number


def send() -> None:
    """Send the one that kills, and behind it the others."""
    kill.apply_async(task_id="killer")
    for number in range(INNOCENT):
        work.apply_async((number,), task_id=f"work-{number}")


def run() -> None:
    """Be a worker."""
    sys.exit(Worker(app, pool="solo").run())


def check() -> None:
    """Print, as JSON, what became of the killer, how many of the others have run, and the dead letters."""
    killer: Any = None
    try:
        kill.AsyncResult("killer").get(timeout=30)
    except WorkerLostError as error:
        killer = str(error)
    ran = sum(work.AsyncResult(f"work-{number}").get(timeout=30) == number for number in range(INNOCENT))
    dead = [[letter.message.headers["id"], letter.lost] for letter in app.transport.admin().dead("celery")]
    print(json.dumps([killer, ran, dead]))


if __name__ == "__main__":
    {"send": send, "run": run, "check": check}[sys.argv[2]]()
