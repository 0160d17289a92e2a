"""A cold end: what becomes of jobs that were cut off."""

from __future__ import annotations

from umbel import states
from umbel.exceptions import Terminated
from umbel.execution.runner import TaskRunner
from umbel.model.message import Action, Settlement
from umbel.results.store import Results
from umbel.worker.ledger import Ledger
from umbel.worker.record import Recorder, Recording
from umbel.worker.settle import Settler, Settling


def give_back(
    ledger: Ledger,
    settler: Settler,
    recorder: Recorder | None,
    results: Results,
    runner: TaskRunner,
) -> None:
    """What the broker still counts as ours goes back; a task that was acknowledged when it started cannot, and is
    marked RETRY so that whoever waits can see what happened, as in Celery."""
    for entry in ledger.entries():
        if entry.finished:
            continue
        entry.finished = True
        if not entry.acked:
            settler.put((Settling(Settlement(entry.delivery, Action.REQUEUE), entry),))
        elif recorder is not None:
            error = Terminated("the worker was shut down while the task ran")
            outcome = runner.failure(entry.job.message.headers, entry.job.task_id, error, states.RETRY)
            record = results.answer(entry.job.message, entry.job.task_id, states.RETRY, outcome.payload or b"")
            recorder.put((Recording(record),))
