"""Stage three, *admit*: each delivery passes the gates, or ends here. Headers decide; the body is not looked into."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator, Sequence, Set

from attrs import Factory, define

from umbel import signals, states
from umbel.app.formats import Formats
from umbel.contracts.bootstep import Gate, Verdict
from umbel.contracts.pool import Pool
from umbel.exceptions import DecodeError, MessageTooLarge, NotRegistered
from umbel.execution.context import Context
from umbel.execution.plan import TaskPlan
from umbel.execution.runner import TaskRunner
from umbel.model.job import Job, Outcome
from umbel.model.message import Action, Delivery, Settlement
from umbel.model.record import Record
from umbel.plugin.observers import Observers
from umbel.results.store import Results
from umbel.wire import protocol
from umbel.worker import journal
from umbel.worker.ledger import Entry, Ledger
from umbel.worker.record import Recorder, Recording
from umbel.worker.settle import Settler, Settling

_log = logging.getLogger("umbel.worker")


@define(slots=True, eq=False)
class Admission:
    """From deliveries to jobs in the pool. Called by the reserver's thread, and by gates that held something."""

    _pool: Pool
    _ledger: Ledger
    _runner: TaskRunner
    _recorder: Recorder | None
    _settler: Settler
    _observers: Observers
    _formats: Formats
    _results: Results
    gates: Sequence[Gate] = ()
    _keys: Iterator[int] = Factory(lambda: itertools.count(1))
    _warned: set[str] = Factory(set)
    #: Nobody else submits meanwhile, and what has passed the gates is in the ledger before anybody looks for it.
    _turn: threading.RLock = Factory(threading.RLock)

    def admit(self, deliveries: Sequence[Delivery]) -> None:
        """Submit what passes; settle, hold or put back the rest. Never blocks for long, never raises."""
        with self._turn:
            self._admit_all(deliveries)

    def _admit_all(self, deliveries: Sequence[Delivery]) -> None:
        entries = []
        for delivery in deliveries:
            try:
                entry = self._admit(delivery)
            except Exception as error:  # a poison message, or a gate's own fault: keep it, and go on
                _log.exception("A message could not be admitted: %r", delivery.message.headers)
                self._end(delivery, Verdict(f"cannot be admitted: {error}", error=error, dead=True))
                continue
            if entry is not None:
                entries.append(entry)
        if entries:
            self._ledger.add(entries)
            self._pool.submit([entry.job for entry in entries])

    def end(self, task_ids: Set[str], verdict: Verdict) -> list[str]:
        """End what has not begun of these, in the pool or held by a gate. Called by any thread."""
        with self._turn:
            ended = self._take_out(task_ids)
        for delivery in ended:
            self._end(delivery, verdict)
        return [delivery.message.headers["id"] for delivery in ended]

    def _take_out(self, task_ids: Set[str]) -> list[Delivery]:
        ended = [delivery for delivery in self._ledger.held() if delivery.message.headers.get("id") in task_ids]
        ended = [delivery for delivery in ended if self._ledger.drop(delivery)]
        if any(entry.started is None and entry.job.task_id in task_ids for entry in self._ledger.entries()):
            jobs = self._pool.withdraw()
            self._pool.submit([job for job in jobs if job.task_id not in task_ids])
            over = [entry for job in jobs if job.task_id in task_ids and (entry := self._ledger.get(job.key))]
            self._ledger.remove([entry.job.key for entry in over])
            ended += [entry.delivery for entry in over]
        return ended

    def _admit(self, delivery: Delivery) -> Entry | None:
        message = delivery.message
        if self._observers.umbel_task_received is not None:
            self._observers.umbel_task_received(delivery=delivery)
        try:
            self._check(delivery)
            name = message.headers["task"]
            plan = self._runner.plan(name)
        except (DecodeError, MessageTooLarge) as error:
            self._end(delivery, Verdict(str(error), states.FAILURE, error, dead=True))
            signals.task_rejected.send(None, message=message, exc=error)
            return None
        except NotRegistered as error:
            self._end(
                delivery, Verdict(f"no task of this name is registered here: {error}", states.FAILURE, error, dead=True)
            )
            name, task_id = message.headers.get("task"), message.headers.get("id")
            signals.task_unknown.send(None, message=message, exc=error, name=name, id=task_id)
            return None
        journal.received(message.headers)
        for gate in self.gates:
            verdict = gate(delivery)
            if verdict is not None:
                self._end(delivery, verdict)
                return None
        if signals.task_received.has_listeners():
            signals.task_received.send(None, request=Context.of({**message.headers, "name": name}))
        hard, soft = message.headers.get("timelimit") or (None, None)
        if (hard or soft) and name not in self._warned:
            self._warn_of_limits(plan, hard, soft)
        job = Job(
            next(self._keys),
            name,
            message.headers["id"],
            message,
            hard if hard is not None else plan.time_limit,
            soft if soft is not None else plan.soft_time_limit,
            {"redelivered": True} if delivery.lost else {},
        )
        return Entry(job, delivery, plan)

    def _warn_of_limits(self, plan: TaskPlan, hard: float | None, soft: float | None) -> None:
        """A limit that came with a call was not there when the worker checked its tasks' own at the start."""
        self._warned.add(plan.name)
        for limit, seconds in (("time_limit", hard), ("soft_time_limit", soft)):
            if seconds is not None and limit not in plan.features_of(self._pool):
                _log.warning("Calls of %s ask for a %s of %s s, which this pool cannot keep", plan.name, limit, seconds)

    def _check(self, delivery: Delivery) -> None:
        """Raises `DecodeError` or `MessageTooLarge` for what is no task message."""
        message = delivery.message
        if len(message.body) > self._formats.max_bytes:
            raise MessageTooLarge(
                f"the message has {len(message.body):,} bytes, broker_message_max_bytes is {self._formats.max_bytes:,}"
            )
        if protocol.is_protocol_1(message):
            protocol.upgrade(message, self._formats.serializer("json"))
        if not isinstance(message.headers.get("id"), str) or not isinstance(message.headers["task"], str):
            raise DecodeError(f"expected the headers 'id' and 'task' to be text, found {message.headers!r:.200}")

    def _end(self, delivery: Delivery, verdict: Verdict) -> None:
        """Do what a gate has decided."""
        if verdict.hold:
            self._ledger.hold(delivery)
            return
        action = Action.ACK
        if verdict.due is not None:
            action = Action.REQUEUE
        elif verdict.dead:
            action = Action.DEAD
        if verdict.due is None:
            journal.refused(delivery.message.headers, verdict.reason)
        settling = Settling(Settlement(delivery, action, due=verdict.due, reason=verdict.reason))
        record = self._record(delivery, verdict)
        if record is not None and self._recorder is not None:
            self._recorder.put((Recording(record, settling, delivery.message),))
        else:
            self._settler.put((settling,))

    def _record(self, delivery: Delivery, verdict: Verdict) -> Record | None:
        headers = delivery.message.headers
        task_id = headers.get("id")
        if verdict.state is None or not isinstance(task_id, str) or headers.get("ignore_result"):
            return None
        outcome: Outcome = self._runner.failure(
            headers, task_id, verdict.error or Exception(verdict.reason), verdict.state
        )
        return self._results.answer(delivery.message, task_id, verdict.state, outcome.payload or b"")
