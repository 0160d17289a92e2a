"""A client of one contender: reads requests as JSON lines, answers each with a JSON line.

    python driver.py celery_app
    {"op": "enqueue", "n": 1000}   →   {"wall_s": 0.61, "cpu_s": 0.57}

It runs in the contender's own interpreter, beside an app module that defines

    send()                 one call, as the contender's users write it
    send_each(n)           n calls one by one, where that is not written as a loop over `send`
    send_many(n)           its fastest way to enqueue n calls; absent where there is none but a loop over `send`
    send_many(n, task)     the same with another task of the app, where others are measured
    send_later(n, delay_s) n calls that are due later
    send_hold(n)           n calls of a task that blocks until the counter is released
    send_together(who, n)  n calls by many callers at once, such as `8 threads`; absent where nobody is measured so
    call()                 one call that waits for its result; returns the result
    workflow(shape, n)     a workflow, awaited (see `workflows.py`); absent where there are none
    stored()               how many results are stored; the database is read without the contender's own library
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any


class Driver:
    def __init__(self, app: Any) -> None:
        self._app = app

    def hello(self) -> dict[str, Any]:
        return {"pid": os.getpid(), "python": sys.version.split()[0]}

    def enqueue(self, n: int) -> dict[str, Any]:
        """Calls one by one; seconds of the wall and of this process's CPU, all its threads included."""
        if hasattr(self._app, "send_each"):
            with Timed() as timed:
                self._app.send_each(n)
            return timed.answer
        send = self._app.send
        with Timed() as timed:
            for _ in range(n):
                send()
        return timed.answer

    def bulk(self, n: int) -> dict[str, Any]:
        """Calls in the contender's fastest way."""
        with Timed() as timed:
            self._app.send_many(n)
        return timed.answer

    def fill(self, n: int, task: str = "") -> dict[str, Any]:
        """Puts n calls on the queue in whatever way is fastest: of the no-op, or of the app's task of that name."""
        if task:
            self._app.send_many(n, getattr(self._app, task))
            return {}
        return self.bulk(n) if hasattr(self._app, "send_many") else self.enqueue(n)

    def later(self, n: int, delay_s: float) -> dict[str, Any]:
        with Timed() as timed:
            self._app.send_later(n, delay_s)
        return timed.answer

    def workflow(self, shape: str, n: int) -> dict[str, Any]:
        """One or more workflows, until the last result is here."""
        with Timed() as timed:
            self._app.workflow(shape, n)
        return timed.answer

    def together(self, who: str, n: int) -> dict[str, Any]:
        """n calls by many callers at once, each with its share."""
        with Timed() as timed:
            self._app.send_together(who, n)
        return timed.answer

    def hold(self, n: int) -> dict[str, Any]:
        self._app.send_hold(n)
        return {}

    def round_trips(self, n: int, pause_s: float, budget_s: float) -> dict[str, Any]:
        """Up to n calls one after the other, each awaited, as many as begin within `budget_s`; milliseconds each.

        `pause_s` lets the worker fall idle between them.
        """
        call, clock, each_ms = self._app.call, time.perf_counter, []
        with Timed() as timed:
            end = clock() + budget_s
            while len(each_ms) < n and clock() < end:
                time.sleep(pause_s)
                began = clock()
                answer = call()
                each_ms.append((clock() - began) * 1000)
                if answer != 1:
                    raise AssertionError(f"a task that returns 1 returned {answer!r}")
        return {**timed.answer, "each_ms": each_ms}

    def wait_stored(self, n: int, timeout_s: float) -> dict[str, Any]:
        """Blocks until n results are stored; `at_ns` is when that was seen."""
        deadline = time.monotonic() + timeout_s
        while (there := self._app.stored()) < n and time.monotonic() < deadline:
            time.sleep(0.005)
        return {"at_ns": time.monotonic_ns(), "stored": there}


class Timed:
    answer: dict[str, Any]

    def __enter__(self) -> Timed:
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self.answer = {"wall_s": time.perf_counter() - self._wall, "cpu_s": time.process_time() - self._cpu}


def main() -> None:
    driver = Driver(importlib.import_module(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not end up between the answers
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(driver, request.pop("op"))(**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
