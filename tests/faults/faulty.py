"""The project of the fault run: its tasks leave a mark where `kill -9` cannot take it away.

A mark is a byte in a file that every process maps: the page belongs to the kernel, so it is kept whatever becomes of
the process that wrote it. The first half of the file says which tasks ran, the second which the broker had taken.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
import time

from umbel import Umbel

TOTAL = int(os.environ.get("FAULTS_TOTAL", "0"))
#: How many tasks a client is ahead of the workers at most, so that it still runs when it is its turn to die.
AHEAD = 1000
LIMIT_S = 60.0

app = Umbel("faulty")
# Here it is no message that kills, but chance, which may well hit the same one three times.
app.conf.worker_lost_limit = 0
_marks: mmap.mmap | None = None


def marks() -> mmap.mmap:
    global _marks
    if _marks is None:
        with open(os.environ["FAULTS_MARKS"], "r+b") as file:
            _marks = mmap.mmap(file.fileno(), 2 * TOTAL)
    return _marks


def left() -> int:
    """How many tasks have not run yet."""
    return marks()[:TOTAL].count(0)


@app.task(acks_late=True, reject_on_worker_lost=True)
def square(number):
    """A task that goes back to its queue when the process under it dies."""
    return _square(number)


@app.task(acks_late=True)
def plain_square(number):
    """A task that is reported as lost when the process under it dies, as in Celery."""
    return _square(number)


def _square(number):
    marks()[number] = 1
    if number % 40 == 0:
        time.sleep(0.02)  # long enough for a kill to hit the middle of it
    return number * number


def task_of(number):
    """Nine in ten must run to their ends; the others may be reported as lost."""
    return plain_square if number % 10 == 5 else square


def send():
    """Send what the broker has not taken yet; a client that was killed between the two sends once more."""
    sent = marks()
    for number in range(TOTAL):
        if not sent[TOTAL + number]:
            while number - (TOTAL - left()) > AHEAD:
                time.sleep(0.005)
            task_of(number).apply_async((number,), task_id=f"task-{number}")
            sent[TOTAL + number] = 1


def check():
    """Print, as JSON, the tasks whose results are not what they should be."""
    wrong = {}
    for number in range(TOTAL):
        result = task_of(number).AsyncResult(f"task-{number}")
        try:
            value = result.get(timeout=LIMIT_S if not wrong else 0.01)  # one that is missing is waited for, not all
        except Exception as error:
            value = type(error).__name__
        lost = value == "WorkerLostError" and task_of(number) is plain_square
        if value != number * number and not lost:
            wrong[number] = value
    print(json.dumps(wrong))


def depth():
    """Print, as JSON, what the queue still holds."""
    found = app.transport.admin().depth("celery")
    print(json.dumps({"ready": found.ready, "reserved": found.reserved, "dead": found.dead}))


if __name__ == "__main__":
    {"send": send, "check": check, "depth": depth}[sys.argv[1]]()
