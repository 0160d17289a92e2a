"""A task that comes before its `eta` waits: in the broker where that can be, else in the worker."""

from __future__ import annotations

import heapq
import itertools
import threading

from umbel import clock
from umbel.contracts.bootstep import Bootstep, Gate, Verdict, WorkerContext
from umbel.model.message import Delivery
from umbel.plugin import hookimpl
from umbel.wire.times import header_moment

#: Seconds by which a task may be early: the clocks of two machines differ by more.
_TOLERANCE_S = 0.05
_TICK_S = 0.1


class Eta(Bootstep):
    """Reads the header `eta`.

    A transport with `delayed` takes the message back until its time; so the worker's memory stays flat. For others the
    worker holds the delivery and its lease, as Celery does.
    """

    contract_version = 1
    name = "eta"

    def __init__(self) -> None:
        self._delays = False
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()

    def start(self, worker: WorkerContext) -> None:
        self._worker = worker
        self._delays = "delayed" in worker.transport.features
        if not self._delays:
            worker.every(_TICK_S, self._release)

    def gate(self) -> Gate:
        return self._unless_early

    def _unless_early(self, delivery: Delivery) -> Verdict | None:
        eta = delivery.message.headers.get("eta")
        if eta is None:
            return None
        moment = header_moment(eta)
        if moment is None or moment - clock.time() <= _TOLERANCE_S:
            return None
        if self._delays:
            return Verdict("it is not due yet", due=moment)
        with self._lock:
            heapq.heappush(self._waiting, (moment, next(self._order), delivery))
        return Verdict("it is not due yet", hold=True)

    def _release(self) -> None:
        due = []
        with self._lock:
            while self._waiting and self._waiting[0][0] <= clock.time():
                due.append(heapq.heappop(self._waiting)[2])
        if due:
            self._worker.readmit(due)


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Eta
