"""The boot step: a gate that lets tasks pass at their rate."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from umbel import clock
from umbel.contracts.bootstep import Bootstep, Gate, Verdict, WorkerContext
from umbel.exceptions import ImproperlyConfigured, UnsupportedError
from umbel.model.message import Delivery
from umbel.plugin.specs import hookimpl
from umbel_ratelimit.limit import TOLERANCE_S, Limit
from umbel_ratelimit.rate import per_second


class RateLimits(Bootstep):
    """Keeps `rate_limit` of tasks in this worker.

    Tasks that come too early go back to a broker that can delay messages, and wait there; so the worker's memory stays
    flat. For other brokers the worker holds them.
    """

    contract_version = 1
    name = "ratelimit"
    keeps = frozenset({"rate_limit"})

    def __init__(self) -> None:
        self._limits: dict[str, Limit] = {}
        self._held: dict[str, deque[Delivery]] = {}
        self._releases = False
        # The gate is asked by the thread that reserves, and by that of the timer.
        self._lock = threading.Lock()

    def start(self, worker: WorkerContext) -> None:
        self._worker = worker
        self._delays = "delayed" in worker.transport.features
        if worker.settings.get("worker_disable_rate_limits"):
            return
        tasks = worker.signature("any").app.tasks
        for task in list(tasks.values()):
            try:
                self._limit(task.name, task.rate_limit)
            except ValueError as error:
                raise ImproperlyConfigured(f"the rate_limit of task {task.name}: {error}") from None

    def change(self, task: str, option: str, value: Any) -> None:
        """Of `rate_limit`. Who waits in the broker comes back when the old rate said so."""
        if self._worker.settings.get("worker_disable_rate_limits"):
            raise UnsupportedError("this worker has no rate limits: its setting worker_disable_rate_limits is on")
        self._limit(task, value)

    def _limit(self, task: str, rate: Any) -> None:
        """Raises `ValueError` for what is no rate."""
        number = per_second(rate) if rate is not None else 0.0
        with self._lock:
            if number:
                self._limits[task] = Limit(number)
            else:
                self._limits.pop(task, None)
            if self._limits and not self._delays and not self._releases:
                self._releases = True
                self._worker.every(TOLERANCE_S, self._release)

    def gate(self) -> Gate | None:
        """None where no task has a limit: then it costs nothing."""
        return self._unless_too_early if self._limits else None

    def _unless_too_early(self, delivery: Delivery) -> Verdict | None:
        name = delivery.message.headers.get("task", "")
        if name not in self._limits:
            return None
        with self._lock:
            limit = self._limits.get(name)
            if limit is None or limit.take(clock.time()):
                return None
            if self._delays:
                return Verdict("its rate limit is reached", due=limit.send_away())
            self._held.setdefault(name, deque()).append(delivery)
        return Verdict("its rate limit is reached", hold=True)

    def _release(self) -> None:
        """Hand back as many as may begin now; each takes its place when it passes the gate."""
        now = clock.time()
        for name, held in list(self._held.items()):
            while held and ((limit := self._limits.get(name)) is None or limit.is_free(now)):
                self._worker.readmit([held.popleft()])


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return RateLimits
