"""The project of pools that run tasks in the worker's own process: what ends one ends all."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

from umbel import Umbel

LIMIT_S = 60.0

app = Umbel("lonely")


def end_it(how):
    """End the process, or stop it for good."""
    if how == "exit":
        os._exit(0)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "crash":
        ctypes.string_at(0)
    ctypes.PyDLL(None).usleep(600_000_000)  # in C, with the lock of the interpreter


def runs():
    """What has begun, in this order."""
    return Path("runs").read_text().split() if Path("runs").exists() else []


def note(what):
    with open("runs", "a") as file:
        file.write(f"{what}\n")


@app.task(acks_late=True)
def deadly(how):
    """Ends its process the first time that it runs."""
    note("deadly")
    if runs().count("deadly") == 1:
        end_it(how)
    return "survived"


@app.task(acks_late=True)
def bystander():
    """Was reserved beside the other one."""
    note("bystander")
    return "done"


def send(how):
    deadly.apply_async((how,), task_id="deadly")
    bystander.apply_async(task_id="bystander")


def result(task_id):
    print(json.dumps(app.AsyncResult(task_id).get(timeout=LIMIT_S)))


if __name__ == "__main__":
    import lonely

    what, *arguments = sys.argv[1].split(":")
    getattr(lonely, what)(*arguments)
