"""A client of either kind: reads calls as lines of JSON, and writes what became of each as a line of JSON."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import datetime, timezone

import interop_canvas


def send(app, task, args=(), kwargs=None, link=None, link_error=None, expires_at=None, **options):
    """Returns the id. Links are lists of [task, args, kwargs]; `expires_at` is in seconds since the epoch."""
    if link:
        options["link"] = [app.signature(name, args, kwargs) for name, args, kwargs in link]
    if link_error:
        options["link_error"] = [app.signature(name, args, kwargs) for name, args, kwargs in link_error]
    if expires_at is not None:
        options["expires"] = datetime.fromtimestamp(expires_at, timezone.utc)
    registered = app.tasks.get(task)
    if registered is None:
        return app.send_task(task, args, kwargs, **options).id
    return registered.apply_async(args, kwargs, **options).id


def send_numbers(app, task, start, stop):
    """One task for each number, its id made of it."""
    for number in range(start, stop):
        app.tasks[task].apply_async((number,), task_id=f"number-{number}")
    return stop - start


def get(app, id, timeout=30):
    """The value; an error is described by its type, its text and its arguments."""
    result = app.AsyncResult(id)
    try:
        return {"value": result.get(timeout=timeout), "state": result.state}
    except Exception as error:
        return {
            "error": type(error).__name__, "text": str(error), "args": list(error.args), "state": result.state,
            "module": type(error).__module__, "traceback": result.traceback,
        }  # fmt: skip


def wrong(app, start, stop, but):
    """The numbers of `send_numbers` that have another result, each waited for, until one does not come."""
    found = []
    for number in set(range(start, stop)).difference(but):
        try:
            value = app.AsyncResult(f"number-{number}").get(timeout=0.01 if found else 30)
        except Exception as error:
            value = repr(error)
        if value != number:
            found.append([number, value])
    return found


def meta(app, id):
    """The state and what is stored with it, without waiting."""
    result = app.AsyncResult(id)
    return {"state": result.state, "info": result.info}


def control(app, command, node=None, timeout=15, **arguments):
    """What the only node, or the one that is named, answers to a command; None if it does not."""
    answers = app.control.broadcast(
        command, arguments, [node] if node else None, reply=True, limit=None if node else 1, timeout=timeout
    )
    return next((answer for each in answers for answer in each.values()), None)


def inspect(app, what, *arguments, timeout=15):
    """What `inspect` says of the only node."""
    found = getattr(app.control.inspect(limit=1, timeout=timeout), what)(*arguments)
    return next(iter(found.values())) if found else None


def revoke(app, id, terminate=False):
    """Revoke by the result, and wait for the answers for a second."""
    app.AsyncResult(id).revoke(terminate=terminate, signal="SIGKILL", wait=True, timeout=1)


def chain(app, steps):
    """A chain of [task, args]; returns the id of the last step."""
    canvas = _canvas(app)
    return canvas.chain(*(app.signature(name, args) for name, args in steps)).apply_async().id


def group(app, members):
    """Values of a group of [task, args]."""
    canvas = _canvas(app)
    return canvas.group(app.signature(name, args) for name, args in members).apply_async().get(timeout=30)


def chord(app, header, body):
    """The value of a chord of [task, args]."""
    canvas = _canvas(app)
    steps = canvas.group(app.signature(name, args) for name, args in header)
    return canvas.chord(steps)(app.signature(*body)).get(timeout=30)


def workflow(app, name, timeout=30):
    """What a workflow of interop_canvas returned, and what it should have."""
    canvas, expected = interop_canvas.shapes(_canvas(app), app)[name]
    return canvas.apply_async().get(timeout=timeout), expected


def failure(app, name, timeout=30):
    """How a workflow of interop_canvas ended, and how it should have."""
    canvas, expected = interop_canvas.failures(_canvas(app), app)[name]
    try:
        # By its id: a result with parents raises what they did, if they did so first.
        return app.AsyncResult(canvas.apply_async().id).get(timeout=timeout), expected
    except Exception as error:
        return type(error).__name__, expected


def _canvas(app):
    """The package of chains, groups and chords: the one that the app is from."""
    return importlib.import_module("celery" if type(app).__name__ == "Celery" else "umbel")


def main():
    app = importlib.import_module(sys.argv[1]).app
    app.finalize()
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        what, options = json.loads(line)
        try:
            answer = [True, globals()[what](app, *options.pop("words", ()), **options)]
        except Exception as error:
            answer = [False, f"{type(error).__name__}: {error}"]
        answers.write(json.dumps(answer, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
