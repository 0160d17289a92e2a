"""Eager mode: a call that runs here and now, through the same code as in a worker."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from umbel import states
from umbel.app import arguments
from umbel.exceptions import AlwaysEagerIgnored, Retry
from umbel.execution.context import Context
from umbel.execution.drive import drive
from umbel.execution.run import execute
from umbel.results.result import EagerResult
from umbel.wire import protocol
from umbel.wire.ids import new_id
from umbel.wire.meta import meta


def call(task: Any, call: Any) -> EagerResult[Any]:
    """`apply_async` while `task_always_eager` is on: the arguments pass through the serializer as on the wire."""
    formats = task.app.formats
    serializer = formats.serializer(call.options.get("serializer") or task.serializer or "json")
    body = arguments.encode(call.name, call.args, call.kwargs, None, serializer, task)
    args, kwargs, _ = protocol.unpack(serializer.loads(body))
    options = {**call.options, "link": call.link, "link_error": call.link_error}
    # A waiting for another task in here would never end in a worker; so it is refused here too.
    return apply(task, args, kwargs, call.task_id, options.get("retries", 0), None, options, guards_join=True)


def apply(
    task: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    task_id: str | None,
    retries: int,
    throw: bool | None,
    options: Mapping[str, Any],
    guards_join: bool = False,
) -> EagerResult[Any]:
    """Run `task` in this thread and return its result; with `throw` raise what it raised."""
    throw = task.app.conf.task_eager_propagates if throw is None else throw
    request = _request(task, args, kwargs, task_id or new_id(), retries, options)
    run = drive(execute(task, request, args, kwargs, guards_join))
    value = run.value
    if isinstance(value, Retry) and value.sig is not None:
        again = value.sig
        if throw and run.state not in (states.RETRY,):
            raise value
        return apply(task, again.args, again.kwargs, request.id, retries + 1, throw, options, guards_join)
    if throw and run.state in states.EXCEPTION_STATES:
        raise value
    einfo = run.einfo
    result: EagerResult[Any] = EagerResult(
        str(request.id), value, run.state, traceback=einfo.traceback if einfo is not None else None, name=task.name
    )
    result.app = task.app
    if task.store_eager_result and not task.ignore_result and task.app.backend is not None:
        _store(task, result, request)
    return result


def _request(task: Any, args: Any, kwargs: Any, task_id: str, retries: int, options: Mapping[str, Any]) -> Context:
    def listed(signatures: Any) -> Any:
        return signatures if signatures is None or isinstance(signatures, list) else [signatures]

    return Context(
        id=task_id,
        root_id=options.get("root_id") or task_id,
        parent_id=options.get("parent_id"),
        task=task.name,
        args=args,
        kwargs=kwargs,
        retries=retries,
        is_eager=True,
        called_directly=False,
        hostname=task.app.hostname,
        callbacks=listed(options.get("link")),
        errbacks=listed(options.get("link_error")),
        headers=options.get("headers") or {},
        chain=options.get("chain"),
        chord=options.get("chord"),
        group=options.get("group_id"),
        group_index=options.get("group_index"),
        ignore_result=options.get("ignore_result", False),
        delivery_info={
            "is_eager": True,
            "exchange": options.get("exchange"),
            "routing_key": options.get("routing_key"),
            "priority": options.get("priority"),
        },
    )


def _store(task: Any, result: EagerResult[Any], request: Context) -> None:
    record = meta(result.id, result.state, result.result, request.headers or {}, traceback=result.traceback)
    task.app.results.store_state(result.id, result.state, record)


def warn_ignored(name: str) -> None:
    """`send_task` knows only a name, so there is nothing that it could run."""
    warnings.warn(
        f"task_always_eager has no effect on send_task({name!r}): the task is sent to the broker",
        AlwaysEagerIgnored,
        stacklevel=3,
    )
