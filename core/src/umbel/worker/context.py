"""What bootsteps and consumers may ask of the worker (`umbel.contracts.bootstep.WorkerContext`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from umbel.app.publisher import Publisher
from umbel.contracts.bootstep import Bootstep, Verdict
from umbel.contracts.pool import Pool
from umbel.exceptions import PluginError, UnsupportedError
from umbel.execution.runner import TaskRunner
from umbel.model.activity import HeldTask, WorkerState
from umbel.model.message import Delivery, Message
from umbel.worker.changing import change_task
from umbel.worker.parts import Parts


class Context:
    """A narrow door: no plugin is handed the app or the worker itself."""

    def __init__(
        self,
        app: Any,
        hostname: str,
        parts: Parts,
        pool: Pool,
        pool_name: str,
        runner: TaskRunner,
        steps: Sequence[Bootstep],
        open_gates: Callable[[], None],
        shutdown: Callable[..., None],
    ) -> None:
        self.hostname = hostname
        self.settings: Mapping[str, Any] = app.conf
        self.transport, self.backend = parts.transport, app.backend
        self.signature: Callable[[Any], Any] = app.signature
        self.every, self.shutdown = parts.timer.every, shutdown
        self._publisher: Publisher = app.publisher
        self._parts, self._pool, self._pool_name, self._runner = parts, pool, pool_name, runner
        self._steps, self._open_gates = steps, open_gates

    def publish(self, messages: Sequence[Message]) -> None:
        self._publisher.publish(messages, {"max_retries": 3})

    def readmit(self, deliveries: Sequence[Delivery]) -> None:
        self._parts.admission.admit(self._parts.ledger.unhold(deliveries))
        # The thread that runs them may be the one that waits in `reserve`.
        self.transport.wake()

    def state(self) -> WorkerState:
        reserver, executor, ledger = self._parts.reserver, self._parts.executor, self._parts.ledger
        return WorkerState(
            self._pool_name,
            self._pool.features,
            ledger.concurrency,
            tuple(self._pool.pids()),
            ledger.limit(),
            reserver.queues,
            dict(executor.totals),
            reserver.looked,
            reserver.trouble,
            executor.heard,
            executor.handling,
        )

    def tasks(self) -> Sequence[HeldTask]:
        ledger = self._parts.ledger
        mine = [entry for entry in ledger.entries() if not entry.finished]
        return [
            *(HeldTask(e.job.task_id, e.job.task, e.delivery, e.started, e.pid, e.acked) for e in mine),
            *(HeldTask(d.message.headers["id"], d.message.headers["task"], d, held=True) for d in ledger.held()),
        ]

    def end(self, task_ids: Sequence[str], verdict: Verdict) -> Sequence[str]:
        return self._parts.admission.end(frozenset(task_ids), verdict)

    def terminate(self, task_ids: Sequence[str], signal: int) -> Sequence[str]:
        found = [each for each in self._parts.ledger.entries() if each.job.task_id in task_ids and not each.finished]
        for entry in found:
            if "terminate" not in entry.plan.features_of(self._pool):
                raise UnsupportedError(f"the pool {self._pool_name!r} cannot terminate the task {entry.job.task}")
            entry.job.info["signal"] = signal
            self._pool.terminate(entry.job.key, signal)
        return [entry.job.task_id for entry in found]

    def resize(self, concurrency: int) -> None:
        self._pool.resize(concurrency)
        self._parts.ledger.resize(concurrency)

    def consume(self, queues: Sequence[str]) -> None:
        self._parts.reserver.consume(queues)

    def change_task(self, name: str, **options: Any) -> None:
        change_task(self._runner, self._pool, self._steps, name, options)
        self._open_gates()

    @property
    def commands(self) -> Mapping[str, Callable[..., Any]]:
        found: dict[str, Callable[..., Any]] = {}
        for step in self._steps:
            for name, call in step.commands().items():
                if name in found:
                    raise PluginError(f"two boot steps answer the command {name!r}, and one of them is {step.name!r}")
                found[name] = call
        return found
