"""The worker: its parts, in the order of a task's way, and its life from start to end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from umbel import clock, signals
from umbel.app.drivers import Choice
from umbel.contracts.bootstep import Bootstep
from umbel.contracts.pool import Pool
from umbel.exceptions import PermanentError, WorkerTerminate
from umbel.execution.runner import TaskRunner
from umbel.model.job import Job
from umbel.model.message import Action, Settlement
from umbel.plugin.graph import Graph
from umbel.worker import options
from umbel.worker.consuming import Consuming
from umbel.worker.context import Context
from umbel.worker.cutoff import give_back
from umbel.worker.parts import Parts, assemble
from umbel.worker.plugins import load_extensions
from umbel.worker.settle import Settling
from umbel.worker.signalling import Signals

_log = logging.getLogger("umbel.worker")
#: Seconds that the broker and the backend are given for what is left, after a warm and after a cold end.
_WARM_S, _COLD_S = 30.0, 2.0


class Worker:
    """Runs the tasks of `app` from `queues` (None: all that are configured).

    Making one loads the drivers and says what is wrong with them (`ImproperlyConfigured`, `PluginError`), but starts
    nothing. `pool` is a pool's name; arguments that are None come from the settings.
    """

    #: Whether it is to be started anew when it has ended: what the last one has said who told it to end.
    again = False

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
        asked = concurrency or conf.worker_concurrency
        self.options = options.suit(self.options, driver, self._pool_choice.name, asked)
        #: The boot steps and consumers that take part.
        self.extensions = load_extensions(app.catalogue, conf.plugins_required, app.steps)
        kept = app.drivers.taken().union(*(step.keeps for step in self.extensions.bootsteps.values()))
        self._pool: Pool = driver(options.pool_settings(conf, self.options.concurrency, driver, kept))
        options.check_limits(self._pool, self._pool_choice.name, app.tasks.values())
        options.warn_ineffective(conf, app.tasks.values(), kept)
        self._parts: Parts | None = None
        #: Why it ends: the name of a signal, or what `stop` was told; None while it works.
        self.stop_reason: str | None = None
        #: When a soft end becomes a cold one, by `clock.monotonic()`.
        self._cold_at: float | None = None
        self._failed = False
        self._handlers = Signals(self.stop, self._stop_softly)
        self._stops: list[Callable[[], Any]] = []
        signals.celeryd_after_setup.send(self.hostname, instance=self, conf=conf)

    def graph(self) -> Graph:
        """The parts of this worker and what requires what, in the order in which they start."""
        return self.extensions.graph

    def choices(self) -> list[Choice]:
        """The drivers that serve this worker, and which setting chose each."""
        drivers = self.app.drivers
        chosen = (drivers.transport_choice("read"), drivers.backend_choice(), self._pool_choice)
        return [choice for choice in chosen if choice is not None]

    def stop(self, reason: str = "stop()", again: bool = False) -> None:
        """End warmly: what runs is finished, what was reserved goes back. From any thread or signal handler."""
        self.stop_reason, self.again = self.stop_reason or reason, again
        self._pool.wake()
        if self._parts is not None:
            self._parts.transport.wake()

    def _stop_softly(self, reason: str) -> bool:
        """End warmly, but in time (`worker_soft_shutdown_timeout`). False if that has been tried, or is not wanted."""
        if self._cold_at is not None or not self.app.conf.worker_soft_shutdown_timeout:
            return False
        self._cold_at = clock.monotonic() + self.app.conf.worker_soft_shutdown_timeout
        self.stop(reason)
        return True

    def run(self, handle_signals: bool = True) -> int:
        """Work until told to stop. Blocks; returns the exit code. Call it in the main thread (signals, `solo`)."""
        if handle_signals:
            self._handlers.install()
        try:
            return self._work(self._start())
        except WorkerTerminate:
            if self._parts is not None:
                self._cut_off(self._parts)
            return 1
        finally:
            self._close()
            if handle_signals:
                self._handlers.restore()

    def _work(self, parts: Parts) -> int:
        try:
            try:
                self._run_jobs(parts)
            except PermanentError as error:  # the pool can begin nothing more; what it runs may still end in order
                self._fail(f"the pool has failed: {error}")
            self._drain(parts)
        except Exception as error:  # not even that: nothing more can run here, and nothing may be lost
            _log.exception("The worker cannot go on")
            self.stop_reason = f"{type(error).__name__}: {error}"
            self._cut_off(parts)
            return 1
        return 1 if self._failed else 0

    def _run_jobs(self, parts: Parts) -> None:
        if "in_place" not in self._pool.features:
            while self.stop_reason is None:
                parts.executor.turn(None)
            return
        pause_s = 0.0
        while self.stop_reason is None:
            heard = parts.executor.turn(pause_s)
            if self.stop_reason is None:
                pause_s = parts.reserver.turn(idle=not heard)

    # The beginning.

    def _start(self) -> Parts:
        signals.worker_init.send(self)
        self._runner = TaskRunner(self.app, self.hostname, guards_join="join" not in self._pool.features)
        self._stops.append(lambda: self._pool.stop(0))
        self._pool.start(self._runner)
        parts = self._parts = assemble(self.app, self.options, self._pool, self._runner, self._fail)
        steps, pool_name = tuple(self.extensions.bootsteps.values()), self._pool_choice.name
        self._context = Context(
            self.app,
            self.hostname,
            parts,
            self._pool,
            pool_name,
            self._runner,
            steps,
            lambda: self._open_gates(parts),
            self.stop,
        )
        starts = self._starts(parts)
        for node in self.extensions.graph.nodes:
            start = starts.get(node.name)
            if start is not None:
                start()
        _ = self._context.commands  # two of one name are found now
        if self.app.observers.umbel_worker_ready is not None:
            self.app.observers.umbel_worker_ready(hostname=self.hostname)
        signals.worker_ready.send(self)
        _log.info("%s ready.", self.hostname)
        parts.reserver.start()  # the very last: who waits for "ready" shall see it before the first task
        return parts

    def _starts(self, parts: Parts) -> dict[str, Callable[[], Any]]:
        """How each node of the graph starts. `execute` is the main thread itself."""
        starts: dict[str, Callable[[], Any]] = {
            "settle": parts.settler.lane.start,
            "admit": lambda: self._open_gates(parts),
            "reserve": lambda: self._open(parts),
        }
        if parts.recorder is not None:
            starts["record"] = parts.recorder.lane.start
        for step in self.extensions.bootsteps.values():
            starts[step.name] = self._starter(step)
        return starts

    def _starter(self, step: Bootstep) -> Callable[[], None]:
        def start() -> None:
            step.start(self._context)
            self._stops.append(step.stop)

        return start

    def _open_gates(self, parts: Parts) -> None:
        gates = (step.gate() for step in self.extensions.bootsteps.values())
        parts.admission.gates = tuple(gate for gate in gates if gate is not None)
        if parts.recorder is not None:
            followers = (step.follower() for step in self.extensions.bootsteps.values())
            parts.recorder.followers = tuple(follower for follower in followers if follower is not None)

    def _open(self, parts: Parts) -> None:
        for name, consumer in self.extensions.consumers.items():
            consuming = Consuming(name, consumer, lambda: self.app.drivers.open_transport("read"))
            consuming.start(self._context)
            self._stops.append(consuming.stop)
        parts.leases.start()

    def _fail(self, reason: str) -> None:
        _log.critical("The worker cannot go on: %s", reason)
        self._failed = True
        self.stop(reason)

    # The end.

    def _drain(self, parts: Parts) -> None:
        """Reserve nothing more, give back what has not begun, finish what has."""
        how = "Warm" if self._cold_at is None else "Soft"
        _log.warning("%s: %s shutdown (%s)", self.hostname, how.lower(), self.stop_reason)
        signals.worker_shutting_down.send(self.hostname, sig=self.stop_reason, how=how, exitcode=0)
        parts.reserver.stop()
        self._put_back(parts, self._pool.withdraw())
        while parts.ledger.is_busy():
            left_s = None if self._cold_at is None else self._cold_at - clock.monotonic()
            if left_s is not None and left_s <= 0:
                self._handlers.cut_off()
            parts.executor.turn(left_s)
        self._put_back(parts, self._pool.stop(None))
        self._finish(parts, _WARM_S)

    def _cut_off(self, parts: Parts) -> None:
        """Kill what runs; what is acknowledged late goes back to its queue at once."""
        _log.warning("%s: cold shutdown", self.hostname)
        signals.worker_shutting_down.send(self.hostname, sig=self.stop_reason, how="Cold", exitcode=1)
        parts.patience.end_in(_COLD_S)
        parts.executor.ignore_lost = True
        parts.reserver.stop(0)
        self._put_back(parts, self._pool.stop(0))
        try:
            parts.executor.handle(self._pool.events(0))
        except Exception:
            _log.exception("The pool cannot say how its last jobs ended")
        parts.reserver.stop(_COLD_S)
        give_back(parts.ledger, parts.settler, parts.recorder, self.app.results, self._runner)
        self._finish(parts, _COLD_S)

    def _put_back(self, parts: Parts, jobs: Sequence[Job]) -> None:
        entries = [entry for job in jobs if (entry := parts.ledger.get(job.key)) is not None]
        for entry in entries:
            entry.finished = True
        parts.settler.put([Settling(Settlement(e.delivery, Action.REQUEUE), e) for e in entries])

    def _finish(self, parts: Parts, seconds: float) -> None:
        """Put back what gates hold, store and settle what is under way, within `seconds`."""
        parts.patience.end_in(seconds)
        parts.settler.put([Settling(Settlement(d, Action.REQUEUE)) for d in parts.ledger.held()])
        if parts.recorder is not None:
            parts.recorder.lane.close(seconds)
        parts.settler.lane.close(seconds)
        parts.leases.stop()

    def _close(self) -> None:
        for stop in reversed(self._stops):
            try:
                stop()
            except Exception:
                _log.exception("A part of the worker did not stop in order")
        self._stops.clear()
        if self._parts is not None:
            self._parts.timer.stop()
            self._parts.transport.close()
            if self.app.observers.umbel_worker_stopped is not None:
                self.app.observers.umbel_worker_stopped(hostname=self.hostname)
        signals.worker_shutdown.send(self)
        self.app.close()
