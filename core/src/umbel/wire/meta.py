"""Result records in Celery's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umbel import clock, states
from umbel.wire.times import from_epoch


def meta(task_id: str, state: str, result: Any, headers: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """The record of a task: `status`, `result`, `traceback`, `children`, `date_done`, `task_id` and what its place in
    a workflow adds. `date_done` is set in ready states only."""
    record = {
        "status": state,
        "result": result,
        "traceback": None,
        "children": [],
        "date_done": from_epoch(clock.time()).isoformat() if state in states.READY_STATES else None,
        "task_id": task_id,
        **fields,
    }
    if headers.get("group"):
        record["group_id"] = headers["group"]
    if headers.get("parent_id"):
        record["parent_id"] = headers["parent_id"]
    return record


def extended(headers: Mapping[str, Any], args: Any, kwargs: Any, worker: str, queue: str) -> dict[str, Any]:
    """What `result_extended` adds."""
    stamps = headers.get("stamps") or {}
    return {
        "name": headers.get("task"),
        "args": args,
        "kwargs": kwargs,
        "worker": worker,
        "retries": headers.get("retries", 0),
        "queue": queue,
        "stamped_headers": headers.get("stamped_headers"),
        **stamps,
    }
