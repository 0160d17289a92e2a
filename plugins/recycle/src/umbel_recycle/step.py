"""The boot step: looks at the worker from time to time, and has it started anew."""

from __future__ import annotations

from umbel.contracts.bootstep import Bootstep, WorkerContext
from umbel.exceptions import ImproperlyConfigured
from umbel.plugin.specs import hookimpl
from umbel_recycle.memory import resident_kib

#: Seconds between two looks.
LOOK_S = 1.0
TASKS, MEMORY = "max_tasks_per_child", "max_memory_per_child"


class Recycling(Bootstep):
    """Keeps `worker_max_tasks_per_child` and `worker_max_memory_per_child` for pools that have no processes to replace:
    the worker ends warmly and is started anew. A pool that keeps one by itself (prefork) is left alone with it."""

    contract_version = 1
    name = "recycle"
    keeps = frozenset({f"worker_{TASKS}", f"worker_{MEMORY}"})

    def __init__(self) -> None:
        self._tasks: int | None = None
        self._memory_kib: int | None = None
        self._is_over = False

    def start(self, worker: WorkerContext) -> None:
        features = worker.state().features
        self._worker = worker
        self._tasks = _limit(worker, TASKS) if TASKS not in features else None
        self._memory_kib = _limit(worker, MEMORY) if MEMORY not in features else None
        if self._tasks is not None or self._memory_kib is not None:
            worker.every(LOOK_S, self._look)

    def _look(self) -> None:
        reason = None if self._is_over else self._reason()
        if reason is not None:
            self._is_over = True
            self._worker.shutdown(reason, again=True)

    def _reason(self) -> str | None:
        begun = sum(self._worker.state().totals.values())
        if self._tasks is not None and begun >= self._tasks:
            return f"{TASKS}: {begun} tasks, the limit is {self._tasks}; starting anew"
        if self._memory_kib is not None and (found := resident_kib()) > self._memory_kib:
            return f"{MEMORY}: {found} KiB, the limit is {self._memory_kib}; starting anew"
        return None


def _limit(worker: WorkerContext, name: str) -> int | None:
    limit: int | None = worker.settings.get(f"worker_{name}")
    if limit is not None and limit < 1:
        raise ImproperlyConfigured(f"worker_{name} must be at least 1, found {limit}")
    return limit


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return Recycling
