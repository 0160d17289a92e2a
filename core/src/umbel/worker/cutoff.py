"""A cold end: what becomes of jobs that were cut off."""

from __future__ import annotations

from collections.abc import Callable

from umbel import states
from umbel.exceptions import Terminated
from umbel.model.job import Job
from umbel.model.message import Action, Settlement
from umbel.model.record import Record
from umbel.worker.ledger import Ledger
from umbel.worker.record import Recorder, Recording
from umbel.worker.settle import Settler, Settling


def give_back(
    ledger: Ledger,
    settler: Settler,
    recorder: Recorder | None,
    payload_of: Callable[[Job, BaseException, str], bytes | None],
) -> None:
    """What the broker still counts as ours goes back; a task that was acknowledged when it started cannot, and is
    marked RETRY so that whoever waits can see what happened, as in Celery."""
    for entry in ledger.entries():
        if entry.finished:
            continue
        if not entry.acked:
            settler.put((Settling(Settlement(entry.delivery, Action.REQUEUE), entry.job.key),))
        elif recorder is not None:
            error = Terminated("the worker was shut down while the task ran")
            payload = payload_of(entry.job, error, states.RETRY)
            if payload is not None:
                recorder.put((Recording(Record(entry.job.task_id, states.RETRY, payload)),))
