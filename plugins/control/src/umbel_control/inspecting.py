"""Commands that tell something of a worker."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any

import umbel
from umbel.exceptions import UnsupportedError
from umbel_control.describing import describe, is_scheduled, place_of
from umbel_control.panel import State, inspect_command, ok
from umbel_control.statistics import stats as statistics

#: What Celery tells of a task if nobody asks for more.
_TASK_FACTS = ("exchange", "routing_key", "rate_limit")


@inspect_command(default_timeout=0.2)
def ping(state: State, **_: Any) -> Any:
    """Ping the workers."""
    return ok("pong")


@inspect_command
def clock(state: State, **_: Any) -> Any:
    """The value of the logical clock."""
    return {"clock": state.clock.value}


@inspect_command
def stats(state: State, **_: Any) -> Any:
    """Counts, the pool, the broker, and what the process has used."""
    return statistics(state)


@inspect_command
def report(state: State, **_: Any) -> Any:
    """Versions and settings, for a bug report."""
    lines = [
        f"software -> umbel:{umbel.__version__} py:{platform.python_version()}",
        f"platform -> {platform.platform()} {sys.platform}",
        f"worker   -> {state.hostname} pid:{os.getpid()} pool:{state.worker.state().pool}",
    ]
    return ok("\n".join([*lines, "", state.app.conf.humanize()]))


@inspect_command(alias="dump_conf", signature="[include_defaults=False]", args=[("with_defaults", bool)])
def conf(state: State, with_defaults: bool = False, **_: Any) -> Any:
    """The settings; secrets are masked."""
    return {name: _plain(value) for name, value in state.app.conf.table(with_defaults).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


@inspect_command(alias="dump_active")
def active(state: State, safe: bool = False, **_: Any) -> Any:
    """Tasks that run now."""
    return [describe(task, state.hostname, safe) for task in state.worker.tasks() if task.started is not None]


@inspect_command(alias="dump_reserved")
def reserved(state: State, safe: bool = False, **_: Any) -> Any:
    """Tasks that were reserved and have not begun."""
    return [describe(task, state.hostname, safe) for task in state.worker.tasks() if place_of(task) == "reserved"]


@inspect_command(alias="dump_schedule")
def scheduled(state: State, safe: bool = False, **_: Any) -> Any:
    """Tasks that this worker holds until their ETA. Others wait in the broker, where it can delay messages."""
    return [
        {
            "eta": task.delivery.message.headers["eta"],
            "priority": task.delivery.message.priority,
            "request": describe(task, state.hostname, safe),
        }
        for task in state.worker.tasks()
        if is_scheduled(task)
    ]


@inspect_command(signature="[id1 [id2 [... [idN]]]]", variadic="ids")
def query_task(state: State, ids: Any, **_: Any) -> Any:
    """Whether tasks with these ids are here, and what is known of them."""
    wanted = {ids} if isinstance(ids, str) else set(ids)
    found = [task for task in state.worker.tasks() if task.task_id in wanted]
    return {task.task_id: [place_of(task), describe(task, state.hostname)] for task in found}


@inspect_command(alias="dump_tasks", signature="[attr1 [attr2 [... [attrN]]]]", variadic="taskinfoitems")
def registered(state: State, taskinfoitems: Any = None, builtins: bool = False, **_: Any) -> Any:
    """The names of the tasks that this worker can run, with some of their options."""
    facts = [taskinfoitems] if isinstance(taskinfoitems, str) else list(taskinfoitems or _TASK_FACTS)

    def tell(task: Any) -> str:
        found = {fact: getattr(task, fact, None) for fact in facts}
        told = " ".join(f"{fact}={value}" for fact, value in found.items() if value is not None)
        return f"{task.name} [{told}]" if told else str(task.name)

    tasks = sorted(state.app.tasks.items())
    return [tell(task) for name, task in tasks if builtins or not name.startswith(("celery.", "umbel."))]


@inspect_command
def active_queues(state: State, **_: Any) -> Any:
    """The queues that this worker consumes from."""
    return [_queue(name) for name in state.worker.state().queues]


def _queue(name: str) -> dict[str, Any]:
    """In the form of kombu's `Queue.as_dict`. What the broker has of it is the transport's business."""
    exchange = {
        **{"name": name, "type": "direct", "arguments": None, "durable": True, "passive": False},
        **{"auto_delete": False, "delivery_mode": None, "no_declare": False},
    }
    return {
        **{"name": name, "exchange": exchange, "routing_key": name, "queue_arguments": None},
        **{"binding_arguments": None, "consumer_arguments": None, "durable": True, "exclusive": False},
        **{"auto_delete": False, "no_ack": False, "alias": None, "bindings": [], "no_declare": None},
        **{"expires": None, "message_ttl": None, "max_length": None, "max_length_bytes": None, "max_priority": None},
    }


@inspect_command(alias="dump_revoked")
def revoked(state: State, **_: Any) -> Any:
    """The ids of revoked tasks."""
    raise UnsupportedError("this worker does not know what is revoked: its boot step 'revocation' is off")


@inspect_command(visible=False)
def hello(state: State, from_node: str = "", revoked: Any = None, **_: Any) -> Any:
    """What Celery's workers ask others when they start: what do you know, and here is what I do."""
    commands = state.worker.commands
    known: Any = commands["revocations"]() if "revocations" in commands else {}
    if revoked and from_node != state.hostname and "learn_revoked" in commands:
        commands["learn_revoked"](task_ids=list(revoked))
    return {"revoked": known, "clock": state.clock.forward()}


@inspect_command
def memsample(state: State, **_: Any) -> Any:
    """The memory of the worker's own process."""
    with open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[1])
    return f"{pages * os.sysconf('SC_PAGE_SIZE') / 2**20:.2f}MB"


@inspect_command(signature="[n_samples=10]", args=[("samples", int)])
def memdump(state: State, samples: int = 10, **_: Any) -> Any:
    """Celery's statistics of memory."""
    raise UnsupportedError("a worker keeps no samples of its memory: ask for memsample, now and later")


@inspect_command(
    default_timeout=60.0,
    signature="[object_type=Request] [num=200 [max_depth=10]]",
    args=[("type", str), ("num", int), ("max_depth", int)],
)
def objgraph(state: State, num: int = 200, max_depth: int = 10, type: str = "Request", **_: Any) -> Any:
    """Celery's picture of objects in memory."""
    raise UnsupportedError("a worker draws no objects: attach a debugger or a profiler to its process")
