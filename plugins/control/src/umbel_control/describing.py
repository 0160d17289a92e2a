"""A task in hand, in the words in which Celery's workers tell of one."""

from __future__ import annotations

from typing import Any

from umbel.exceptions import DecodeError
from umbel.model import HeldTask
from umbel.wire import json

#: Larger bodies are not decoded: their sender's description does.
_LARGE = 1 << 16


def describe(task: HeldTask, hostname: str, safe: bool = False) -> dict[str, Any]:
    """Its id, name, arguments and where it came from. With `safe`, arguments are their sender's description of them."""
    message = task.delivery.message
    headers = message.headers
    args, kwargs = (None, None) if safe else _arguments(task)
    return {
        "id": task.task_id,
        "name": task.name,
        "args": headers.get("argsrepr") if args is None else args,
        "kwargs": headers.get("kwargsrepr") if kwargs is None else kwargs,
        "type": task.name,
        "hostname": hostname,
        "time_start": task.started,
        "acknowledged": task.acknowledged,
        "delivery_info": {
            "exchange": message.exchange,
            "routing_key": message.routing_key or message.queue,
            "priority": message.priority,
            "redelivered": task.delivery.redelivered,
        },
        "worker_pid": task.pid,
    }


def is_scheduled(task: HeldTask) -> bool:
    """A worker holds it until its time has come. (Brokers that can delay messages hold them themselves.)"""
    return task.held and task.delivery.message.headers.get("eta") is not None


def place_of(task: HeldTask) -> str:
    """`active`, `scheduled` or `reserved`."""
    if task.started is not None:
        return "active"
    return "scheduled" if is_scheduled(task) else "reserved"


def _arguments(task: HeldTask) -> tuple[Any, Any]:
    message = task.delivery.message
    if message.content_type != "application/json" or "compression" in message.headers or len(message.body) > _LARGE:
        return None, None
    try:
        args, kwargs, _ = json.loads(message.body)
    except (DecodeError, ValueError, TypeError):
        return None, None
    return args, kwargs
