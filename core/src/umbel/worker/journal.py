"""What a worker writes to its log about tasks, in Celery's words."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from umbel import states
from umbel.model.job import Job, Outcome

_received = logging.getLogger("umbel.worker.received")
_trace = logging.getLogger("umbel.worker.trace")


def received(headers: Mapping[str, Any]) -> None:
    if _received.isEnabledFor(logging.INFO):
        eta = f" ETA:[{headers['eta']}]" if headers.get("eta") else ""
        name = headers.get("shadow") or headers.get("task")
        _received.info("Task %s[%s] received%s", name, headers.get("id"), eta, extra={"data": dict(headers)})


def finished(job: Job, outcome: Outcome) -> None:
    if outcome.state == states.SUCCESS and not _trace.isEnabledFor(logging.INFO):
        return
    name = job.message.headers.get("shadow") or job.task
    data = {"id": job.task_id, "name": name, "state": outcome.state, "runtime": outcome.runtime_s}
    extra = {"data": data}
    if outcome.state == states.SUCCESS:
        _trace.info(
            "Task %s[%s] succeeded in %ss: %s", name, job.task_id, outcome.runtime_s, outcome.summary, extra=extra
        )
    elif outcome.state == states.RETRY:
        _trace.info("Task %s[%s] retry: %s", name, job.task_id, outcome.summary or outcome.reason, extra=extra)
    elif outcome.state == states.IGNORED:
        _trace.info("Task %s[%s] ignored", name, job.task_id, extra=extra)
    elif outcome.state == states.REJECTED:
        _trace.info("Task %s[%s] rejected: %s", name, job.task_id, outcome.reason, extra=extra)
    elif outcome.state == states.REVOKED:
        _trace.warning("Task %s[%s] was terminated", name, job.task_id, extra=extra)
    elif outcome.expected:
        _trace.info("Task %s[%s] raised expected: %s", name, job.task_id, outcome.summary, extra=extra)
    else:
        text = "Task %s[%s] raised unexpected: %s\n%s"
        _trace.error(text, name, job.task_id, outcome.summary, outcome.traceback or "", extra=extra)


def refused(headers: Mapping[str, Any], reason: str) -> None:
    _received.warning("Discarding task %s[%s]: %s", headers.get("task"), headers.get("id"), reason)
