"""The project of the fault run of workflows. Every tenth chord fails; bodies leave a mark when they run."""

from __future__ import annotations

import json
import mmap
import os
import sys
import time

from umbel import Umbel, chain, chord, group

CHORDS = int(os.environ.get("FAULTS_CHORDS", "0"))
WIDTH = int(os.environ.get("FAULTS_WIDTH", "0"))
NESTED = int(os.environ.get("FAULTS_NESTED", "0"))
LIMIT_S = 60.0
#: What a body adds to its mark that runs because the worker before it was killed.
AGAIN = 16
SURE = {"acks_late": True, "reject_on_worker_lost": True}

_url = os.environ.get("FAULTS_URL")
app = Umbel("branching", broker=_url, backend=_url) if _url else Umbel("branching")
# Each is killed often; who kills it is not the task.
app.conf.update(canvas_reconcile_interval=1.0, worker_lost_limit=0, redis_lease_s=4.0, sqlite_lease_s=4.0)
_marks: mmap.mmap | None = None


def marks() -> mmap.mmap:
    """For each chord and nested workflow: how often its body ran; low four bits: of messages that were new."""
    global _marks
    if _marks is None:
        with open(os.environ["FAULTS_MARKS"], "r+b") as file:
            _marks = mmap.mmap(file.fileno(), CHORDS + NESTED + 1)
    return _marks


@app.task(**SURE)
def square(x):
    if x % 40 == 0:
        time.sleep(0.005)  # long enough for a kill to hit the middle of it
    return x * x


@app.task(throws=(ValueError,), **SURE)
def refuse(x):
    raise ValueError(x)


@app.task(**SURE)
def total(values):
    return sum(values)


@app.task(bind=True, **SURE)
def gather(self, values, number):
    marks()[number] += AGAIN if self.request.delivery_info["redelivered"] else 1
    return sum(values)


def fails(number):
    return number % 10 == 7


def wide(number):
    header = [square.s(number + place) for place in range(WIDTH)]
    if fails(number):
        header[number % WIDTH] = refuse.s(number)
    return chord(header, gather.s(number))


def deep(number):
    """A chord of a chain, of a chain that ends in a group, and of a chord; a chord and a chain are its body."""
    inner = chord([square.s(1), square.s(2)], total.s())
    header = [chain(square.s(2), square.s()), chain(square.s(1), group(square.s(), square.s())) | total.s(), inner]
    return chain(chord(header, total.s()), chord([square.s(), square.s()], gather.s(CHORDS + number)), square.s())


DEEP = (2 * (16 + 2 + 5) ** 2) ** 2


def send():
    """Send all of them."""
    for number in range(max(CHORDS, NESTED)):
        if number < CHORDS:
            wide(number).apply_async(task_id=f"wide-{number}")
        if number < NESTED:
            deep(number).apply_async(task_id=f"deep-{number}")
    marks()[CHORDS + NESTED] = 1


def check():
    """Print, as JSON, the workflows that have not ended as they should, and the bodies that ran twice."""
    wrong = {}
    expected = {}
    for number in range(CHORDS):
        right = sum((number + place) ** 2 for place in range(WIDTH))
        expected[f"wide-{number}"] = "ChordError" if fails(number) else right
    expected.update({f"deep-{number}": DEEP for number in range(NESTED)})
    for task_id, right in expected.items():
        try:
            value = app.AsyncResult(task_id).get(timeout=LIMIT_S if not wrong else 0.01)
        except Exception as error:
            value = type(error).__name__
        if value != right:
            wrong[task_id] = value
    wrong.update({f"body {number}": ran for number, ran in enumerate(marks()[: CHORDS + NESTED]) if ran % AGAIN > 1})
    print(json.dumps(wrong))


def ended():
    """Print, as JSON, how many have ended."""
    ids = [f"wide-{number}" for number in range(CHORDS)] + [f"deep-{number}" for number in range(NESTED)]
    print(json.dumps(sum(record is not None for record in app.backend.fetch(ids))))


if __name__ == "__main__":
    {"send": send, "check": check, "ended": ended}[sys.argv[1]]()
