"""The part of a worker that makes workflows go on: it counts, it fails what cannot run, it looks for what was left."""

from __future__ import annotations

from umbel import hookimpl
from umbel.contracts.bootstep import Bootstep, Follower, Gate, WorkerContext
from umbel_canvas import builtin
from umbel_canvas.counting import Counter
from umbel_canvas.gate import once
from umbel_canvas.reconciling import Reconciler


class CanvasStep(Bootstep):
    """Needs a backend with `shared_state`; without one chains and groups work, and chords are refused."""

    contract_version = 1
    name = "canvas"

    def __init__(self) -> None:
        """Before a pool has processes, which shall know these tasks."""
        builtin.register()
        self._follower: Follower | None = None
        self._gate: Gate | None = None

    def start(self, worker: WorkerContext) -> None:
        if worker.backend is None or "shared_state" not in worker.backend.features:
            return
        app = worker.signature("celery.accumulate").app
        shared = worker.backend.shared()
        interval_s = app.conf.canvas_reconcile_interval
        self._follower, self._gate = Counter(app).follow, once(shared)
        worker.every(interval_s, Reconciler(app, f"{worker.hostname}/{app.oid}", interval_s).run)

    def follower(self) -> Follower | None:
        return self._follower

    def gate(self) -> Gate | None:
        return self._gate


@hookimpl
def umbel_bootstep() -> type[Bootstep]:
    return CanvasStep
