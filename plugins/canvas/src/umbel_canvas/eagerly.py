"""Workflows that run here and now: the model of what they do in workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from umbel import EagerResult, states
from umbel.exceptions import ChordError
from umbel_canvas.groupresult import GroupResult
from umbel_canvas.ids import new_id

#: Options that say how a call is sent, which mean nothing here.
_SENDING = frozenset({"countdown", "eta", "queue", "add_to_parent", "chain", "expires", "priority", "task_id"})


class Failed(Exception):
    """What a part of a workflow has raised is `exc`; `state` says how it ended."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.exc: BaseException = result.result
        self.state: str = result.state


def value(result: Any) -> Any:
    """What a result is as an argument of what follows: that of a group is a list. Raises `Failed`."""
    if isinstance(result, GroupResult):
        return [value(each) for each in result.results]
    if result.state in states.PROPAGATE_STATES:
        raise Failed(result)
    return result.result


def chain(steps: Sequence[Any], args: Sequence[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """The result of the last step, or a failure with its id."""
    last: Any = None
    for number, step in enumerate(steps):
        try:
            given = args if number == 0 else (value(last),)
        except Failed as failed:
            return _ended(failed.exc, failed.state, step.app, options.get("task_id"))
        result = step.apply(given, kwargs if number == 0 else None, **_kept(options))
        result.parent = last
        last = result
    return last


def group(
    members: Iterable[Any], app: Any, args: Sequence[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any]
) -> Any:
    """A `GroupResult` that is ready."""
    results = [each.apply(args, kwargs, **_kept(options)) for each in members]
    return GroupResult(options.get("task_id") or new_id(), results, app=app)


def chord(
    members: Iterable[Any],
    body: Any,
    app: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Any:
    """The result of the body, or a `ChordError` with its id."""
    header = group(members, app, args, kwargs, options)
    try:
        returned = value(header)
    except Failed as failed:
        error = chord_error(failed.result.id, failed.exc)
        return _ended(error, states.FAILURE, app, options.get("task_id"))
    result = body.apply((returned,))
    first = result
    while first.parent is not None:
        first = first.parent
    first.parent = header
    return result


def chord_error(task_id: str, error: BaseException) -> ChordError:
    """What becomes of a body when a member of the header has failed; the cause is kept."""
    made = ChordError(f"Dependency {task_id} raised {error!r}")
    made.__cause__ = error
    return made


def _ended(error: BaseException, state: str, app: Any, task_id: str | None) -> Any:
    result: EagerResult[Any] = EagerResult(task_id or new_id(), error, state)
    result.app = app
    return result


def _kept(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key not in _SENDING}
