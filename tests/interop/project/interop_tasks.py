"""The project of both kinds of worker and client, written once: only the app's class differs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import interop_canvas


class Overdrawn(Exception):
    """An exception of the project's own, with an argument that is no text."""

    def __init__(self, missing):
        super().__init__(missing)
        self.missing = missing


def note(path, line):
    """Leave a line where nothing that happens to this process takes it away."""
    with Path(path).open("a") as file:
        file.write(f"{line}\n")


def define(app, kind):
    """Give `app` its tasks. `kind` is what they say of the worker that runs them."""

    interop_canvas.define(app, kind)

    @app.task(name="interop.add")
    def add(x, y):
        return x + y

    @app.task(name="interop.echo")
    def echo(*args, **kwargs):
        return {"args": list(args), "kwargs": kwargs}

    @app.task(name="interop.who")
    def who():
        return kind

    @app.task(name="interop.fail")
    def fail(name, *args):
        raise {"ValueError": ValueError, "KeyError": KeyError, "Overdrawn": Overdrawn}[name](*args)

    @app.task(name="interop.now")
    def now():
        return time.time()

    @app.task(name="interop.note", ignore_result=False)
    def leave_note(line, path):
        note(path, line)
        return line

    @app.task(name="interop.note_failure")
    def note_failure(task_id, path):
        note(path, task_id)

    @app.task(name="interop.retry", bind=True, max_retries=2)
    def retry(self, times):
        if self.request.retries < times:
            # Celery stores RETRY after it has sent the next try, which may be over by then.
            raise self.retry(countdown=0.1, exc=ValueError(f"try {self.request.retries}"))
        return self.request.retries

    @app.task(name="interop.progress", bind=True)
    def progress(self, go):
        self.update_state(state="PROGRESS", meta={"done": 1, "of": 2})
        while not Path(go).exists():
            time.sleep(0.01)
        return "done"

    @app.task(name="interop.request", bind=True)
    def request(self):
        mine = self.request
        return {
            "id": mine.id, "root_id": mine.root_id, "parent_id": mine.parent_id, "retries": mine.retries,
            "correlation_id": mine.correlation_id, "expires": mine.expires, "eta": mine.eta,
            "argsrepr": mine.argsrepr, "kwargsrepr": mine.kwargsrepr, "timelimit": list(mine.timelimit or ()),
            "routing_key": (mine.delivery_info or {}).get("routing_key"), "headers": mine.headers,
        }  # fmt: skip

    @app.task(name="interop.hold", acks_late=True)
    def hold(path, go):
        note(path, kind)
        while not Path(go).exists():
            time.sleep(0.01)
        return kind

    @app.task(name="interop.mark", acks_late=True, reject_on_worker_lost=True)
    def mark(number):
        with open(os.environ["INTEROP_MARKS"], "r+b", buffering=0) as marks:
            marks.seek(number)
            marks.write(kind[:1].encode())
        if number % 50 == 0:
            time.sleep(0.02)  # long enough for a kill to hit the middle of it
        return number
