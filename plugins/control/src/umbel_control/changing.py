"""Commands that change something in a worker."""

from __future__ import annotations

from typing import Any

from umbel.exceptions import NotRegistered, UnsupportedError
from umbel_control.panel import State, control_command, nok, ok

_NO_EVENTS = "this worker sends no events: nothing that does is installed"


@control_command(
    args=[("task_name", str), ("rate_limit", str)],
    signature="<task_name> <rate_limit (e.g., 5/s | 5/m | 5/h)>",
)
def rate_limit(state: State, task_name: str, rate_limit: Any, **_: Any) -> Any:
    """Change how often a task may begin in a worker."""
    try:
        state.worker.change_task(task_name, rate_limit=rate_limit)
    except NotRegistered:
        return nok("unknown task")
    except ValueError as error:
        return nok(f"Invalid rate limit string: {error!r}")
    return ok("new rate limit set successfully" if rate_limit else "rate limit disabled successfully")


@control_command(
    args=[("task_name", str), ("soft", float), ("hard", float)],
    signature="<task_name> <soft_secs> [hard_secs]",
)
def time_limit(
    state: State, task_name: str | None = None, hard: float | None = None, soft: float | None = None, **_: Any
) -> Any:
    """Change the time limits of a task: for runs that begin later."""
    try:
        state.worker.change_task(str(task_name), soft_time_limit=soft, time_limit=hard)
    except NotRegistered:
        return nok("unknown task")
    return ok("time limits set successfully")


@control_command(
    args=[("queue", str), ("exchange", str), ("exchange_type", str), ("routing_key", str)],
    signature="<queue> [exchange [type [routing_key]]]",
)
def add_consumer(
    state: State,
    queue: str,
    exchange: str | None = None,
    exchange_type: str | None = None,
    routing_key: str | None = None,
    **options: Any,
) -> Any:
    """Consume from one more queue."""
    other = [repr(each) for each in (exchange, routing_key) if each not in (None, "", queue)]
    if other or exchange_type not in (None, "direct") or options:
        raise UnsupportedError(
            f"queue {queue!r} cannot be bound in this way while the worker runs (found {', '.join(other) or options}): "
            "say in task_queues how it is bound, and add it by its name"
        )
    queues = state.worker.state().queues
    if queue in queues:
        return ok(f"already consuming from {queue!r}")
    state.worker.consume([*queues, queue])
    return ok(f"add consumer {queue}")


@control_command(args=[("queue", str)], signature="<queue>")
def cancel_consumer(state: State, queue: str, **_: Any) -> Any:
    """Consume from a queue no longer. What was reserved from it is run."""
    state.worker.consume([each for each in state.worker.state().queues if each != queue])
    return ok(f"no longer consuming from {queue}")


@control_command(args=[("n", int)], signature="[N=1]")
def pool_grow(state: State, n: int = 1, **_: Any) -> Any:
    """Run so many tasks more at once."""
    return _resize(state, n, "pool will grow")


@control_command(args=[("n", int)], signature="[N=1]")
def pool_shrink(state: State, n: int = 1, **_: Any) -> Any:
    """Run so many tasks fewer at once."""
    return _resize(state, -n, "pool will shrink")


def _resize(state: State, by: int, answer: str) -> Any:
    if "autoscale" in state.worker.commands:
        return nok("the pool is autoscaled: change its range (autoscale MAX MIN) instead")
    state.worker.resize(state.worker.state().concurrency + by)
    return ok(answer)


@control_command
def pool_restart(state: State, modules: Any = None, reload: bool = False, reloader: Any = None, **_: Any) -> Any:
    """Celery's way to start a pool again."""
    raise UnsupportedError("a worker starts its pool once: start the worker again")


@control_command(args=[("max", int), ("min", int)], signature="[max [min]]")
def autoscale(state: State, max: int | None = None, min: int | None = None, **_: Any) -> Any:
    """Change between which numbers of tasks at once the worker chooses."""
    raise UnsupportedError("Autoscale not enabled")


@control_command
def shutdown(state: State, msg: str = "Got shutdown from remote", **_: Any) -> Any:
    """End the worker warmly."""
    state.worker.shutdown(msg)
    return ok("the worker will end when its tasks have")


@control_command
def enable_events(state: State, **_: Any) -> Any:
    """Send events about tasks."""
    return nok(_NO_EVENTS)


@control_command
def disable_events(state: State, **_: Any) -> Any:
    """Send no events about tasks."""
    return nok(_NO_EVENTS)


@control_command
def heartbeat(state: State, **_: Any) -> Any:
    """Send a heartbeat now."""
    return nok(_NO_EVENTS)


@control_command
def election(state: State, id: str = "", topic: str = "", action: Any = None, **_: Any) -> Any:
    """Celery's vote among workers."""
    return nok("this worker takes no part in elections: what only one shall do takes a lock in the backend")


@control_command(variadic="task_id", signature="[id1 [id2 [... [idN]]]]")
def revoke(state: State, task_id: Any = (), terminate: bool = False, signal: Any = None, **_: Any) -> Any:
    """Do not begin these tasks."""
    raise UnsupportedError("this worker cannot revoke: its boot step 'revocation' is off")


@control_command(variadic="task_id", args=[("signal", str)], signature="<signal> [id1 [id2 [... [idN]]]]")
def terminate(state: State, signal: Any, task_id: Any = (), **_: Any) -> Any:
    """Do not begin these tasks, and send a signal to those that run."""
    return revoke(state)


@control_command(variadic="headers", signature="[key1=value1 [key2=value2 [... [keyN=valueN]]]]")
def revoke_by_stamped_headers(
    state: State, headers: Any = (), terminate: bool = False, signal: Any = None, **_: Any
) -> Any:
    """Do not begin tasks with one of these stamps."""
    return revoke(state)
