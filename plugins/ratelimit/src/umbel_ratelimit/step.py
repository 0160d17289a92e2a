"""The boot step: a gate that lets tasks pass at their rate."""

from __future__ import annotations

import threading
from collections import deque

from umbel import clock
from umbel.contracts.bootstep import Bootstep, Gate, Verdict, WorkerContext
from umbel.exceptions import ImproperlyConfigured
from umbel.model.message import Delivery
from umbel.plugin.specs import hookimpl
from umbel_ratelimit.limit import TOLERANCE_S, Limit
from umbel_ratelimit.rate import per_second


class RateLimits(Bootstep):
    """Keeps `rate_limit` of tasks in this worker, as it is when the worker starts.

    Tasks that come too early go back to a broker that can delay messages, and wait there; so the worker's memory stays
    flat. For other brokers the worker holds them.
    """

    contract_version = 1
    name = "ratelimit"
    keeps = frozenset({"rate_limit"})

    def __init__(self) -> None:
        self._limits: dict[str, Limit] = {}
        self._held: dict[str, deque[Delivery]] = {}
        # The gate is asked by the thread that reserves, and by that of the timer.
        self._lock = threading.Lock()

    def start(self, worker: WorkerContext) -> None:
        if worker.settings.get("worker_disable_rate_limits"):
            return
        tasks = worker.signature("any").app.tasks
        for task in list(tasks.values()):
            try:
                rate = per_second(task.rate_limit) if task.rate_limit is not None else 0.0
            except ValueError as error:
                raise ImproperlyConfigured(f"the rate_limit of task {task.name}: {error}") from None
            if rate:
                self._limits[task.name] = Limit(rate)
        self._worker = worker
        self._delays = "delayed" in worker.transport.features
        if self._limits and not self._delays:
            worker.every(TOLERANCE_S, self._release)

    def gate(self) -> Gate | None:
        """None where no task has a limit: then it costs nothing."""
        return self._unless_too_early if self._limits else None

    def _unless_too_early(self, delivery: Delivery) -> Verdict | None:
        name = delivery.message.headers.get("task", "")
        limit = self._limits.get(name)
        if limit is None:
            return None
        with self._lock:
            if limit.take(clock.time()):
                return None
            if self._delays:
                return Verdict("its rate limit is reached", due=limit.send_away())
            self._held.setdefault(name, deque()).append(delivery)
        return Verdict("its rate limit is reached", hold=True)

    def _release(self) -> None:
        """Hand back as many as may begin now; each takes its place when it passes the gate."""
        now = clock.time()
        for name, held in self._held.items():
            while held and self._limits[name].is_free(now):
                self._worker.readmit([held.popleft()])


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return RateLimits
