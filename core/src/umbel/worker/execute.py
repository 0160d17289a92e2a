"""Stage four, *execute*: the pool runs jobs, and this loop hears how they end."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Sequence

from attrs import Factory, define

from umbel import clock, states
from umbel.contracts.pool import Pool
from umbel.model.job import Finished, Outcome, PoolEvent, Started
from umbel.model.message import Action, Settlement
from umbel.plugin.observers import Observers
from umbel.results.store import Results
from umbel.wire.meta import meta
from umbel.worker import journal
from umbel.worker.ledger import Entry, Ledger
from umbel.worker.record import Recorder, Recording
from umbel.worker.settle import Settler, Settling

_log = logging.getLogger("umbel.worker")


@define(slots=True, eq=False)
class Executor:
    """Runs on the worker's main thread, which in some pools is where tasks run."""

    _pool: Pool
    _ledger: Ledger
    _recorder: Recorder | None
    _settler: Settler
    _observers: Observers
    _results: Results
    _hostname: str
    #: Jobs that were cut off by a cold shutdown are not results: their deliveries go back.
    ignore_lost: bool = False
    completed: int = 0
    #: How many jobs have begun, by the names of their tasks.
    totals: Counter[str] = Factory(Counter)
    #: When the pool was last heard (`clock.monotonic()`), and whether that is still being handled.
    heard: float = Factory(clock.monotonic)
    handling: bool = False

    def turn(self, timeout_s: float | None) -> bool:
        """Hear what has happened in the pool; blocks up to `timeout_s` seconds. Whether anything has."""
        events = self._pool.events(timeout_s)
        self.heard, self.handling = clock.monotonic(), True
        self.handle(events)
        self.handling = False
        return bool(events)

    def handle(self, events: Sequence[PoolEvent]) -> None:
        """Acknowledge what started, record and settle what finished."""
        recordings: list[Recording] = []
        settlings: list[Settling] = []
        over: list[int] = []
        for event in events:
            entry = self._ledger.get(event.key)
            if entry is None:
                continue
            if isinstance(event, Started):
                self._start(entry, event, recordings, settlings)
            else:
                self._finish(entry, event, recordings, settlings, over)
        if settlings:
            self._settler.put(settlings)
        if recordings and self._recorder is not None:
            # Nothing begins with it: so nothing that waits to run could be kept waiting.
            self._recorder.put(recordings, alone="in_place" in self._pool.features and len(events) == 1)
        if over:
            self._ledger.remove(over)

    def _start(self, entry: Entry, event: Started, recordings: list[Recording], settlings: list[Settling]) -> None:
        entry.started, entry.pid = clock.time(), event.pid or os.getpid()
        self.totals[entry.job.task] += 1
        if "signal" in entry.job.info:  # it was to be terminated before it was known to run
            self._pool.terminate(entry.job.key, entry.job.info["signal"])
        if entry.delivery.lost:
            self._settler.begun(entry.delivery)
        if not entry.plan.acks_late:
            entry.acked = True
            settlings.append(Settling(Settlement(entry.delivery), entry))
        if entry.plan.track_started and self._recorder is not None:
            told = {"pid": entry.pid, "hostname": self._hostname}
            payload = self._results.encode(meta(entry.job.task_id, states.STARTED, told, entry.job.message.headers))
            record = self._results.answer(entry.job.message, entry.job.task_id, states.STARTED, payload)
            recordings.append(Recording(record))
        if self._observers.umbel_task_started is not None:
            self._observers.umbel_task_started(job=entry.job, pid=event.pid)

    def _finish(
        self,
        entry: Entry,
        event: Finished,
        recordings: list[Recording],
        settlings: list[Settling],
        over: list[int],
    ) -> None:
        outcome = event.outcome
        if outcome.lost and self.ignore_lost:
            return
        entry.finished = True
        self.completed += 1
        self._ledger.ran(outcome.runtime_s)
        if self._observers.umbel_task_finished is not None:
            self._observers.umbel_task_finished(job=entry.job, outcome=outcome)
        journal.finished(entry.job, outcome)
        settling = self._settling(entry, outcome)
        if outcome.payload is not None and self._recorder is not None:
            record = self._results.answer(entry.job.message, entry.job.task_id, outcome.state, outcome.payload)
            recordings.append(Recording(record, settling, entry.job.message))
        elif settling is not None:
            settlings.append(settling)
        if entry.confirmed:  # if not, it is over when the broker has confirmed that it is acknowledged
            over.append(event.key)

    def _settling(self, entry: Entry, outcome: Outcome) -> Settling | None:
        if not entry.acked:
            entry.acked = True
            settlement = Settlement(entry.delivery, outcome.action, outcome.due, outcome.reason, outcome.lost)
            return Settling(settlement, entry)
        if outcome.action is Action.DEAD:
            self._settler.bury(entry.delivery.message, outcome.reason)
        return None
