"""The project of a million delayed tasks: most are due far away, and some soon, which note how late they are."""

from __future__ import annotations

import copy
import json
import os
import sys
import time

from umbel import Umbel

TOTAL = int(os.environ.get("DELAYED_TOTAL", "0"))
SAMPLE = int(os.environ.get("DELAYED_SAMPLE", "0"))
#: Seconds from one that is due soon to the next; and before the first of them.
EACH_S, AHEAD_S = 0.01, 2.0
#: Seconds from which on the others are due, and for how long.
FAR_S, WINDOW_S = 3600.0, 24 * 3600.0
AT_ONCE = 1000

app = Umbel("delayed", broker=os.environ["DELAYED_URL"], backend="disabled")


@app.task(acks_late=True)
def note(due):
    """Append how late it is, in seconds."""
    with open("lateness", "a") as lateness:
        lateness.write(f"{time.time() - due}\n")


def far():
    """Publish those that are due far away: copies of one message, since making them is not what this is about."""
    sent = []
    app.transport.publish, publish = sent.extend, app.transport.publish
    note.apply_async((0,), countdown=FAR_S)
    (pattern,) = sent
    began = time.time()
    for start in range(0, TOTAL, AT_ONCE):
        publish([copied(pattern, began + FAR_S + WINDOW_S * n / TOTAL) for n in range(start, start + AT_ONCE)])
    print(json.dumps(time.time() - began))


def copied(pattern, due):
    message = copy.copy(pattern)
    message.due = due
    return message


def soon():
    """Publish those that are due soon."""
    first = time.time() + AHEAD_S
    for number in range(SAMPLE):
        due = first + number * EACH_S
        note.apply_async((due,), countdown=due - time.time())


if __name__ == "__main__":
    {"far": far, "soon": soon}[sys.argv[1]]()
