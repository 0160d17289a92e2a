"""The project of the fault run on Redis: a journal says who ran what, and what the server has confirmed.

Each entry is one write to a file that is only appended to. It is the kernel's from then on, whatever becomes of the
process: so the journal tells everything that had happened when a process was killed, and in which order.

| entry | who writes it |
|---|---|
| `try-publish N`, `published N` | a client: before each attempt, and when the server has confirmed it |
| `begin N WORKER PID`, `end N WORKER PID` | the process that runs the task |
| `reserved COUNT WORKER` | a worker that took something from a queue |
| `try-settle TAG N WORKER`, `settled TAG …`, `refused TAG …` | a worker: before each attempt, and after its answer |
"""

from __future__ import annotations

import json
import mmap
import os
import random
import sys
import threading
import time

from umbel import Umbel
from umbel.exceptions import OperationalError
from umbel.model import Action
from umbel_redis.transport import RedisTransport

TOTAL = int(os.environ.get("STORM_TOTAL", "0"))
#: How many tasks the client is ahead of the workers at most, so that it goes on publishing to the end of the storm.
AHEAD = 1000
SENDERS = int(os.environ.get("STORM_SENDERS", "1"))
LIMIT_S = 60.0

app = Umbel("stormy", broker=os.environ["STORM_URL"], backend=os.environ["STORM_URL"])
app.conf.update(worker_lost_limit=0, redis_lease_s=float(os.environ.get("STORM_LEASE_S", "5")))

_journal = os.open(os.environ["STORM_JOURNAL"], os.O_WRONLY | os.O_APPEND)
with open(os.environ["STORM_MARKS"], "r+b") as _file:
    _marks = mmap.mmap(_file.fileno(), TOTAL)


def note(*words):
    os.write(_journal, (" ".join(map(str, words)) + "\n").encode())


class Watched:
    """What the journal must say of a transport. The driver itself is the real one."""

    publish, reserve, settle = RedisTransport.publish, RedisTransport.reserve, RedisTransport.settle

    def publishing(self, messages):
        numbers = [number_of(message) for message in messages]
        for number in numbers:
            note("try-publish", number)
        Watched.publish(self, messages)
        for number in numbers:
            note("published", number)

    def reserving(self, queues, limit, timeout_s):
        taken = Watched.reserve(self, queues, limit, timeout_s)
        if taken:
            note("reserved", len(taken), os.environ["STORM_WORKER"])
        return taken

    def settling(self, settlements):
        worker = os.environ["STORM_WORKER"]
        words = [(one.delivery.tag.text, number_of(one.delivery.message), worker) for one in settlements]
        for each in words:
            note("try-settle", *each)
        refused = Watched.settle(self, settlements)
        for one, each in zip(settlements, words, strict=True):
            done = "settled" if one.action is Action.ACK else "put-back"
            note("refused" if one in refused else done, *each)
        return refused


RedisTransport.publish = Watched.publishing
RedisTransport.reserve, RedisTransport.settle = Watched.reserving, Watched.settling


def number_of(message):
    return int(message.headers["id"].removeprefix("storm-"))


@app.task(acks_late=True, reject_on_worker_lost=True)
def late(number):
    """Goes back to its queue if the process under it dies."""
    return run(number)


@app.task
def early(number):
    """Is acknowledged when it begins: it may be lost, and then has begun."""
    return run(number)


def run(number):
    me = number, os.environ["STORM_WORKER"], os.getpid()
    note("begin", *me)
    time.sleep(length_of(number))
    note("end", *me)
    _marks[number] = 1
    return number * number


def length_of(number):
    """Half of them are over at once, the others within 50 ms."""
    return max(0.0, random.Random(number).uniform(-0.05, 0.05))


def is_early(number):
    return number % 10 == 9


def delay_of(number):
    """Seconds for which it shall wait on the server; one in five has to."""
    return number % 7 / 5 if number % 10 in (2, 6) else None


def left():
    """How many have not ended yet."""
    return _marks[:].count(0)


def send():
    """Send all, from several threads; what fails is sent again, under the same id."""
    senders = [threading.Thread(target=send_some, args=(range(first, TOTAL, SENDERS),)) for first in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


def send_some(numbers):
    for number in numbers:
        while number - (TOTAL - left()) > AHEAD:
            time.sleep(0.005)
        task = early if is_early(number) else late
        while True:
            try:
                task.apply_async((number,), task_id=f"storm-{number}", countdown=delay_of(number))
                break
            except OperationalError:
                time.sleep(0.02)


def check():
    """Print, as JSON, the late tasks whose results are not what they should be."""
    wrong = {}
    for number in range(TOTAL):
        if not is_early(number):
            try:
                value = late.AsyncResult(f"storm-{number}").get(timeout=LIMIT_S if not wrong else 0.01)
            except Exception as error:
                value = repr(error)
            if value != number * number:
                wrong[number] = value
    print(json.dumps(wrong))


if __name__ == "__main__":
    {"send": send, "check": check}[sys.argv[1]]()
