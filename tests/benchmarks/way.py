"""Where the microseconds of one task go, from `delay()` to the acknowledgement, on a Redis server of its own:

python -m tests.benchmarks.way [--quick]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from umbel import Umbel
from umbel.model import Settlement
from umbel.worker import Worker

from .apps.resp import ask, asking
from .brokers.redis import open_broker, version

BATCH = 500
QUEUE = "celery"


@frozen
class Step:
    """A step of the way. `many` and `server` are µs a task in a batch of 500, `alone` µs when it goes by itself."""

    name: str
    what: str
    many: float
    server: float | None = None
    alone: float | None = None


class Way:
    """The same objects that a client and a worker have, called one step at a time."""

    def __init__(self, url: str, repeats: int) -> None:
        self._url, self._repeats = url, repeats
        self.app = Umbel("way", broker=url, backend=url.removesuffix("/0") + "/1")
        self.noop = self.app.task(name="way.noop")(lambda: None)
        self.worker = Worker(self.app, pool="solo", concurrency=1)
        self.parts = self.worker._start()
        self.parts.reserver.stop(1.0)
        self.parts.transport.reserve([QUEUE], 1, 0.0)

    def close(self) -> None:
        self.worker._close()

    def steps(self) -> Iterator[Step]:
        sender, transport, noop = self.app.sender, self.parts.transport, self.noop
        call = noop._call(sender, (), {}, None, None, None, None, {})
        yield Step("call", "options and arguments checked, an id", self._best(lambda: noop._call(sender, *_NOTHING)))
        yield Step("message", "route, headers, body in JSON", self._best(lambda: sender._message(call)))
        messages = [sender._message(call)[0] for _ in range(BATCH)]
        yield self._shared(
            "publish", "envelope, LPUSH", lambda n: transport.publish(messages[:n]), lambda n: self._take(n, ack=True)
        )
        yield self._shared("reserve", "script, envelope read", self._take, self._refill)
        deliveries = self._leased()
        self.parts.settler.put = self.parts.recorder.put = nothing
        yield Step("admit", "gates, a job", self._timed(lambda _: self._admit(deliveries), self._let_go, BATCH)[0])
        for stores, name in ((False, "execute"), (True, "execute, result kept")):
            what = "body read, request, hooks, the task" + (", its record in JSON" if stores else "")
            ready = self._ready(deliveries, stores)
            yield Step(name, what, self._timed(self._execute, ready, BATCH)[0])
        payload = self.app.results.encode({"status": "SUCCESS", "result": None, "task_id": "0" * 36})
        records = [self.app.results.record(f"{number:036}", "SUCCESS", payload) for number in range(BATCH)]
        yield self._shared("store", "script: SET and PUBLISH", lambda n: self.app.backend.store(records[:n]), nothing)
        held: list[Any] = []
        yield self._shared(
            "settle",
            "script",
            lambda n: transport.settle([Settlement(delivery) for delivery in held[:n]]),
            lambda n: held.__setitem__(slice(None), self._leased(n)),
        )

    def floor(self) -> Iterator[tuple[str, float]]:
        message = self.app.sender._message(self.noop._call(self.app.sender, *_NOTHING))[0]
        fields = {"headers": message.headers, "properties": message.properties, "body": message.body.decode()}
        text = json.dumps(fields)
        yield f"{len(text)} bytes of JSON, written by the standard library", self._best(lambda: json.dumps(fields))
        yield f"{len(text)} bytes of JSON, read by it", self._best(lambda: json.loads(text))
        with asking(self._url) as call:
            yield "a round trip to the server (PING)", self._best(lambda: call("PING"))
            yield f"a round trip with {len(text)} bytes (LPUSH)", self._best(lambda: call("LPUSH", "floor", text))

    def _shared(self, name: str, what: str, do: Callable[[int], Any], prepare: Callable[[int], Any]) -> Step:
        """A step that the server has a part in."""
        many, server = self._timed(do, prepare, BATCH)
        return Step(name, what, many, server, self._timed(do, prepare, 1)[0])

    def _timed(self, do: Callable[[int], Any], prepare: Callable[[int], Any], n: int) -> tuple[float, float]:
        best_s, server_us = float("inf"), 0.0
        for _ in range(self._repeats if n > 1 else self._repeats * 5):
            prepare(n)
            before, begun = self._server_us(), time.perf_counter()
            do(n)
            if (took := time.perf_counter() - begun) < best_s:
                best_s, server_us = took, self._server_us() - before
        return best_s / n * 1e6, server_us / n

    def _best(self, call: Callable[[], Any]) -> float:
        """µs of one call."""
        rounds, times = 200, []
        for _ in range(self._repeats):
            begun = time.perf_counter()
            for _ in range(rounds):
                call()
            times.append((time.perf_counter() - begun) / rounds)
        return min(times) * 1e6

    def _server_us(self) -> float:
        """Microseconds in commands; those that a script calls are counted with the script."""
        stats = str(ask(self._url, "INFO", "commandstats")).splitlines()
        ours = ("cmdstat_lpush:", "cmdstat_evalsha:", "cmdstat_client|caching:")
        return sum(float(line.partition("usec=")[2].partition(",")[0]) for line in stats if line.startswith(ours))

    def _refill(self, n: int) -> None:
        self._take(BATCH, ack=True)
        message = self.app.sender._message(self.noop._call(self.app.sender, *_NOTHING))[0]
        self.parts.transport.publish([message] * n)

    def _take(self, n: int, ack: bool = False) -> Sequence[Any]:
        deliveries = self.parts.transport.reserve([QUEUE], n, 0.0)
        if ack:
            self.parts.transport.settle([Settlement(delivery) for delivery in deliveries])
        return deliveries

    def _leased(self, n: int = BATCH) -> Sequence[Any]:
        self._refill(n)
        return self._take(n)

    def _let_go(self, _: int) -> None:
        self.worker._pool.withdraw()
        self.parts.ledger.remove([entry.job.key for entry in self.parts.ledger.entries()])

    def _admit(self, deliveries: Sequence[Any]) -> None:
        self.parts.admission.admit(deliveries)

    def _ready(self, deliveries: Sequence[Any], stores: bool) -> Callable[[int], None]:
        def ready(n: int) -> None:
            for delivery in deliveries:
                delivery.message.headers["ignore_result"] = not stores
            self._let_go(n)
            self._admit(deliveries)

        return ready

    def _execute(self, n: int) -> None:
        end = self.parts.executor.completed + n
        while self.parts.executor.completed < end:
            self.parts.executor.turn(0.0)


_NOTHING: tuple[Any, ...] = ((), {}, None, None, None, None, {})


def nothing(*_: Any, **__: Any) -> None:
    """Is there to be done."""


def main() -> None:
    repeats = 2 if "--quick" in sys.argv else 40
    with tempfile.TemporaryDirectory() as folder, open_broker(Path(folder), "appendonly=no") as broker:
        way = Way(broker.address, repeats)
        try:
            print(f"Redis {version()}; best of {repeats} each: what it costs where nothing disturbs; µs a task\n")
            print("| step | what it does | in batches of 500 | of that in the server | alone |\n|---|---|---|---|---|")
            for step in way.steps():
                shown = [
                    f"{step.many:.1f}",
                    *("" if one is None else f"{one:.1f}" for one in (step.server, step.alone)),
                ]
                print(f"| {step.name} | {step.what} | {' | '.join(shown)} |")
            print("\n| floor | µs |\n|---|---|")
            for name, us in way.floor():
                print(f"| {name} | {us:.1f} |")
        finally:
            way.close()


if __name__ == "__main__":
    main()
