"""The worker: its parts, in the order of a task's way, and its life from start to end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

from attrs import evolve

from umbel import signals
from umbel.contracts.pool import Pool
from umbel.exceptions import WorkerTerminate
from umbel.execution.runner import TaskRunner
from umbel.model.job import Job
from umbel.model.message import Action, Settlement
from umbel.plugin.graph import Graph
from umbel.worker import banner, options
from umbel.worker.admit import Admission
from umbel.worker.consuming import Consuming
from umbel.worker.context import Context
from umbel.worker.cutoff import give_back
from umbel.worker.execute import Executor
from umbel.worker.leases import LeaseKeeper
from umbel.worker.ledger import Ledger
from umbel.worker.persist import Patience
from umbel.worker.plugins import load_extensions
from umbel.worker.record import Recorder
from umbel.worker.reserve import Reserver
from umbel.worker.settle import Settler, Settling
from umbel.worker.signalling import Signals
from umbel.worker.timer import Timer

_log = logging.getLogger("umbel.worker")
#: Seconds that the broker and the backend are given for what is left, after a warm and after a cold end.
_WARM_S, _COLD_S = 30.0, 2.0
#: Seconds between two looks for results that have expired, for backends in which they do not go by themselves.
_CLEANUP_S = 600.0


class Worker:
    """Runs the tasks of `app` from `queues` (None: all that are configured).

    Making one loads the drivers and says what is wrong with them (`ImproperlyConfigured`, `PluginError`), but starts
    nothing. `pool` is a pool's name; arguments that are None come from the settings.
    """

    def __init__(
        self,
        app: Any,
        queues: Sequence[str] | None = None,
        exclude_queues: Sequence[str] = (),
        concurrency: int | None = None,
        pool: str | None = None,
        hostname: str | None = None,
        include: Sequence[str] = (),
        prefetch_multiplier: int | None = None,
        **settings: Any,
    ) -> None:
        self.app = app
        if include:
            settings["include"] = (*app.conf.include, *include)
        given = {name: value for name, value in settings.items() if value is not None}
        if given:
            app.conf.change(given, "an argument of the worker")
        conf = app.conf
        self.options = options.decide(conf, hostname, queues, exclude_queues, concurrency, prefetch_multiplier)
        self.hostname = self.options.hostname
        signals.celeryd_init.send(self.hostname, instance=self, conf=conf, options=settings)
        app.finalize()
        app.catalogue.require(conf.plugins_required)
        self._pool_choice = app.drivers.pool_choice(pool)
        driver = app.drivers.driver(self._pool_choice)
        if "concurrent" not in driver.features:  # As Celery's solo: one at a time, whatever the settings say.
            self.options = evolve(self.options, concurrency=1)
        self._pool: Pool = driver(options.pool_settings(conf, self.options.concurrency))
        options.check_limits(self._pool, self._pool_choice.name, app.tasks.values())
        self._extensions = load_extensions(app.catalogue, conf.plugins_required)
        self._stop_reason: str | None = None
        self._failed = False
        self._handlers = Signals(self.stop)
        self._stops: list[Callable[[], Any]] = []
        signals.celeryd_after_setup.send(self.hostname, instance=self, conf=conf)

    def graph(self) -> Graph:
        """The parts of this worker and what requires what, in the order in which they start."""
        return self._extensions.graph

    def banner(self) -> str:
        """What to print at the start."""
        drivers = self.app.drivers
        choices = [drivers.transport_choice("read"), drivers.backend_choice(), self._pool_choice]
        steps = sorted([*self._extensions.bootsteps, *self._extensions.consumers])
        chosen = [choice for choice in choices if choice is not None]
        return banner.banner(self.app, self.hostname, self.options.concurrency, self.options.queues, chosen, steps)

    def stop(self, reason: str = "stop()") -> None:
        """End warmly: what runs is finished, what was reserved goes back. From any thread or signal handler."""
        self._stop_reason = self._stop_reason or reason
        self._pool.wake()

    def run(self, handle_signals: bool = True) -> int:
        """Work until told to stop. Blocks; returns the exit code. Call it in the main thread (signals, `solo`)."""
        if handle_signals:
            self._handlers.install()
        try:
            self._start()
            while self._stop_reason is None:
                self._executor.turn(None)
            self._drain()
            return 1 if self._failed else 0
        except WorkerTerminate:
            self._cut_off()
            return 1
        finally:
            self._close()
            if handle_signals:
                self._handlers.restore()

    # The beginning.

    def _start(self) -> None:
        signals.worker_init.send(self)
        runner = TaskRunner(self.app, self.hostname)
        self._stops.append(lambda: self._pool.stop(0))
        self._pool.start(runner)
        self._make_parts(runner)
        starts = self._starts()
        for node in self._extensions.graph.nodes:
            start = starts.get(node.name)
            if start is not None:
                start()
        observers = self.app.observers
        if observers.umbel_worker_ready is not None:
            observers.umbel_worker_ready(hostname=self.hostname)
        signals.worker_ready.send(self)
        _log.info("%s ready.", self.hostname)

    def _make_parts(self, runner: TaskRunner) -> None:
        """Every part of the way, from its end to its beginning: each knows the next one."""
        app, conf, opts = self.app, self.app.conf, self.options
        ttl_s = _seconds(conf.result_expires)
        self._patience, self._timer = Patience(), Timer()
        self._transport = app.drivers.open_transport("read")
        self._ledger = Ledger(opts.concurrency, opts.multiplier, opts.ahead_s)
        self._settler = Settler(self._transport, self._ledger, self._patience)
        self._recorder: Recorder | None = None
        if app.backend is not None:
            self._recorder = Recorder(app.results.store, self._settler, self._patience)
            self._timer.every(_CLEANUP_S, app.backend.cleanup)
        dumps = app.formats.serializer(conf.result_serializer).dumps
        parts = (self._pool, self._ledger, self._recorder, self._settler, app.observers)
        self._executor = Executor(*parts, dumps, self.hostname, ttl_s)
        max_bytes = conf.broker_message_max_bytes
        self._admission = Admission(
            self._pool,
            self._ledger,
            runner,
            self._recorder,
            self._settler,
            app.observers,
            app.formats,
            max_bytes,
            ttl_s,
        )
        self._reserver = Reserver(
            self._transport, opts.queues, self._ledger, self._settler, self._admission.admit, self._fail
        )
        self._leases = LeaseKeeper(self._transport, self._ledger)
        self._context = Context(
            self.hostname,
            conf,
            self._transport,
            app.backend,
            app.publisher,
            self._timer,
            self._ledger,
            self._admission,
            self.stop,
        )

    def _starts(self) -> dict[str, Callable[[], Any]]:
        """How each node of the graph starts. `execute` is the main thread itself."""
        starts: dict[str, Callable[[], Any]] = {
            "settle": self._settler.lane.start,
            "admit": self._open_gates,
            "reserve": self._open,
        }
        if self._recorder is not None:
            starts["record"] = self._recorder.lane.start
        for step in self._extensions.bootsteps.values():
            starts[step.name] = self._starter(step)
        return starts

    def _starter(self, step: Any) -> Callable[[], None]:
        def start() -> None:
            step.start(self._context)
            self._stops.append(step.stop)

        return start

    def _open_gates(self) -> None:
        gates = (step.gate() for step in self._extensions.bootsteps.values())
        self._admission.gates = tuple(gate for gate in gates if gate is not None)

    def _open(self) -> None:
        for name, consumer in self._extensions.consumers.items():
            consuming = Consuming(name, consumer, lambda: self.app.drivers.open_transport("read"))
            consuming.start(self._context)
            self._stops.append(consuming.stop)
        self._leases.start()
        self._reserver.start()

    def _fail(self, reason: str) -> None:
        _log.critical("The worker cannot go on: %s", reason)
        self._failed = True
        self.stop(reason)

    # The end.

    def _drain(self) -> None:
        """Reserve nothing more, give back what has not begun, finish what has."""
        _log.warning("%s: warm shutdown (%s)", self.hostname, self._stop_reason)
        signals.worker_shutting_down.send(self.hostname, sig=self._stop_reason, how="Warm", exitcode=0)
        self._reserver.stop()
        self._put_back(self._pool.withdraw())
        while self._ledger.is_busy():
            self._executor.turn(None)
        self._put_back(self._pool.stop(None))
        self._finish(_WARM_S)

    def _cut_off(self) -> None:
        """Kill what runs; what is acknowledged late goes back to its queue at once."""
        _log.warning("%s: cold shutdown", self.hostname)
        signals.worker_shutting_down.send(self.hostname, sig=self._stop_reason, how="Cold", exitcode=1)
        if not hasattr(self, "_leases"):
            return  # it had not begun
        self._patience.end_in(_COLD_S)
        self._executor.ignore_lost = True
        self._put_back(self._pool.stop(0))
        self._executor.handle(self._pool.events(0))
        self._reserver.stop(_COLD_S)
        give_back(self._ledger, self._settler, self._recorder, self._context_failure)
        self._finish(_COLD_S)

    def _context_failure(self, job: Job, error: BaseException, state: str) -> bytes | None:
        runner = TaskRunner(self.app, self.hostname)
        return runner.failure(job.message.headers, job.task_id, error, state).payload

    def _put_back(self, jobs: Sequence[Job]) -> None:
        entries = [entry for job in jobs if (entry := self._ledger.get(job.key)) is not None]
        for entry in entries:
            entry.finished = True
        self._settler.put([Settling(Settlement(e.delivery, Action.REQUEUE), e.job.key) for e in entries])

    def _finish(self, seconds: float) -> None:
        """Put back what gates hold, store and settle what is under way, within `seconds`."""
        self._patience.end_in(seconds)
        self._settler.put([Settling(Settlement(d, Action.REQUEUE)) for d in self._ledger.held()])
        if self._recorder is not None:
            self._recorder.lane.close(seconds)
        self._settler.lane.close(seconds)
        self._leases.stop()

    def _close(self) -> None:
        for stop in reversed(self._stops):
            try:
                stop()
            except Exception:
                _log.exception("A part of the worker did not stop in order")
        self._stops.clear()
        if hasattr(self, "_transport"):
            self._timer.stop()
            self._transport.close()
            if self.app.observers.umbel_worker_stopped is not None:
                self.app.observers.umbel_worker_stopped(hostname=self.hostname)
        signals.worker_shutdown.send(self)
        self.app.close()


def _seconds(duration: Any) -> float | None:
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    return cast("float | None", seconds or None)
