"""A project whose worker is killed once, at the point of a task's way that HALFWAY_POINT names.

The points are reached by what the kernel tells its plugins, so a kill is where it should be, whatever the machine does:
`received`, `started` and `finished` are hooks, `recorded` is what a boot step hears that follows results, and `running`
is the task itself. A task that is acknowledged early goes on when the broker knows that.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from umbel import Umbel, hookimpl
from umbel.contracts import Bootstep

POINT = os.environ.get("HALFWAY_POINT", "")
IS_EARLY = os.environ.get("HALFWAY_EARLY") == "1"
HERE = Path.cwd()

app = Umbel("halfway")
if "HALFWAY_URL" in os.environ:
    app.conf.update(broker_url=os.environ["HALFWAY_URL"], result_backend=os.environ["HALFWAY_URL"], redis_lease_s=2.0)
app.conf.worker_deduplicate_successful_tasks = os.environ.get("HALFWAY_DEDUP") == "1"


def until(condition):
    """Looks again and again: there is nobody who would tell."""
    while not condition():
        time.sleep(0.002)


def die_at(point):
    """Kill the worker, if this is the point, and nobody was killed yet."""
    if point == POINT and not (HERE / "killed").exists():
        (HERE / "killed").touch()
        os.kill(int((HERE / "worker").read_text()), signal.SIGKILL)
        threading.Event().wait()  # a process of the pool ends with its worker


def runs():
    return len((HERE / "runs").read_bytes()) if (HERE / "runs").exists() else 0


def held():
    """How many messages the broker has that nobody has settled."""
    found = app.transport.admin().depth("celery")
    return found.ready + (found.reserved or 0)


class Hooks:
    @hookimpl
    def umbel_worker_ready(self, hostname):
        (HERE / "worker").write_text(str(os.getpid()))

    @hookimpl
    def umbel_task_received(self, delivery):
        die_at("received")

    @hookimpl
    def umbel_task_started(self, job, pid):
        if pid != os.getpid():  # one of the pool's: it has really begun there
            until(runs)
        die_at("started")

    @hookimpl
    def umbel_task_finished(self, job, outcome):
        die_at("finished")


class Recorded(Bootstep):
    contract_version = 1
    name = "recorded"

    def start(self, worker):
        """Nothing to start."""

    def follower(self):
        return lambda results: die_at("recorded")


app.catalogue.register("hook", "halfway", Hooks())
app.catalogue.register("bootstep", "recorded", Recorded)


@app.task(acks_late=not IS_EARLY)
def work():
    with open(HERE / "runs", "ab") as file:
        file.write(b".")
    if IS_EARLY and POINT in ("running", "finished", "recorded"):
        until(lambda: not held())
    die_at("running")
    return runs()


@app.task(acks_late=True)
def last():
    """Nothing."""


def send():
    work.apply_async(task_id="work")


def now():
    """Print, as JSON, the state of the task, its runs, and how many messages are held."""
    print(json.dumps([work.AsyncResult("work").state, runs(), held()]))


def success():
    """As `now`, once it has succeeded and the broker knows."""
    work.AsyncResult("work").get(timeout=60)
    until(lambda: not held())
    now()


def another():
    """As `now`, once the worker has run another task, which came later."""
    last.delay().get(timeout=60)
    until(lambda: not held())
    now()


if __name__ == "__main__":
    {"send": send, "now": now, "success": success, "another": another}[sys.argv[1]]()
