"""The parts of a running worker, put together from the end of a task's way to its beginning: each knows the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define

from umbel.contracts.pool import Pool
from umbel.contracts.transport import Transport
from umbel.execution.runner import TaskRunner
from umbel.worker.admit import Admission
from umbel.worker.execute import Executor
from umbel.worker.leases import LeaseKeeper
from umbel.worker.ledger import Ledger
from umbel.worker.options import Options
from umbel.worker.persist import Patience
from umbel.worker.record import Recorder
from umbel.worker.reserve import Reserver
from umbel.worker.settle import Settler
from umbel.worker.timer import Timer

#: Seconds between two looks for results that have expired, for backends in which they do not go by themselves.
_CLEANUP_S = 600.0


@define(slots=True, eq=False)
class Parts:
    """Made after the pool has started its processes, for most of it has threads or connections."""

    transport: Transport
    ledger: Ledger
    settler: Settler
    #: None where no backend is configured.
    recorder: Recorder | None
    executor: Executor
    admission: Admission
    reserver: Reserver
    leases: LeaseKeeper
    timer: Timer
    patience: Patience


def assemble(
    app: Any,
    options: Options,
    pool: Pool,
    runner: TaskRunner,
    fail: Callable[[str], None],
) -> Parts:
    """Open the drivers and make the parts; nothing runs yet."""
    patience, timer = Patience(), Timer()
    transport, backend = app.drivers.open_transport("read"), app.backend
    ledger = Ledger(options.concurrency, options.multiplier, options.ahead_s)
    settler = Settler(transport, ledger, patience)
    recorder = None
    if backend is not None:
        recorder = Recorder(app.results.store, settler, patience)
        timer.every(_CLEANUP_S, backend.cleanup)
    executor = Executor(pool, ledger, recorder, settler, app.observers, app.results, options.hostname)
    admission = Admission(pool, ledger, runner, recorder, settler, app.observers, app.formats, app.results)
    in_place = "in_place" in pool.features
    reserver = Reserver(transport, options.queues, ledger, settler, admission.admit, fail, in_place)
    leases = LeaseKeeper(transport, ledger)
    return Parts(transport, ledger, settler, recorder, executor, admission, reserver, leases, timer, patience)
