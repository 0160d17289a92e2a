"""The tasks that Celery has for its canvas, by its names: either kind of worker can be sent them by the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

from umbel import allow_join_result, shared_task, signature, states
from umbel.exceptions import ChordError, Retry
from umbel.results.result import result_from_tuple
from umbel_canvas.completing import Completion
from umbel_canvas.failing import Failing
from umbel_canvas.making import make_chord, make_group
from umbel_canvas.options import options_of

_DAY_S = 86400.0


@cache
def register() -> None:
    """Give every app these tasks, now and later."""
    for name, function, options in TASKS:
        shared_task(name=name, **options)(function)


def accumulate(*args: Any, **kwargs: Any) -> Any:
    """What it is given, or the argument at `index`."""
    return args[kwargs["index"]] if kwargs.get("index") is not None else args


def map_items(task: Any, it: Sequence[Any]) -> list[Any]:
    """The task for each item, one after the other."""
    function = signature(task).type
    return [function(item) for item in it]


def map_stars(task: Any, it: Sequence[Any]) -> list[Any]:
    """As `map_items`, each item being a list of arguments."""
    function = signature(task).type
    return [function(*item) for item in it]


def send_chunks(self: Any, task: Any, it: Sequence[Any], n: int) -> Any:
    """The group of a `chunks` that was sent as one call."""
    parts = [signature("celery.starmap", kwargs={"task": task, "it": it[i : i + n]}) for i in range(0, len(it), n)]
    return make_group(parts, self.app).apply_async().as_tuple()


def send_group(self: Any, tasks: Any, result: Any, group_id: str, partial_args: Any, add_to_parent: bool = True) -> Any:
    """A group that was sent as one call."""
    made = make_group([signature(each, app=self.app) for each in tasks], self.app)
    return made.apply_async(partial_args, task_id=group_id, add_to_parent=add_to_parent).as_tuple()


def send_chord(self: Any, header: Any, body: Any, partial_args: Any = (), **options: Any) -> Any:
    """A chord that was sent as one call."""
    return make_chord(header, body, self.app).apply_async(partial_args).as_tuple()


def not_a_task(*args: Any, **kwargs: Any) -> Any:
    """A chain is never sent as one call."""
    raise NotImplementedError("celery.chain is no task: send the chain's first step")


def unlock(
    self: Any,
    group_id: str,
    callback: Any,
    interval: float | None = None,
    max_retries: int | None = None,
    result: Any = None,
    **_: Any,
) -> Any:
    """Looks again and again whether a chord's header is ready, as Celery does where a backend cannot count; for no
    longer than workflows are known."""
    results = [result_from_tuple(each, self.app) for each in result or ()]
    body = signature(callback, app=self.app)
    found = self.app.results.fetch([each.id for each in results])
    try:
        if any(each is None or each["status"] not in states.READY_STATES for each in found):
            interval = interval or self.app.conf.result_chord_retry_interval
            most = max_retries or math.ceil((options_of(self.app).ttl_s or _DAY_S) / interval)
            raise self.retry(countdown=interval, max_retries=most)
        with allow_join_result():
            values = [each.get(timeout=self.app.conf.result_chord_join_timeout) for each in results]
    except Retry:
        raise
    except Exception as error:  # a member has failed; or nobody will look again
        _failing(self.app).fail_body(body, _problem(results, error))
        return None
    return body.apply_async((values,)).id


def _failing(app: Any) -> Failing:
    """Where nothing counts, no chord counts what fails, either."""
    counts = options_of(app).shared is not None
    return Failing(app, Completion(app).count_failed if counts else lambda call, error, state: None)


def _problem(results: Sequence[Any], error: BaseException) -> Any:
    culprit = next((each.id for each in results if each.failed()), None)
    problem = ChordError(
        f"Dependency {culprit} raised {error!r}" if culprit else f"The header has not ended: {error!r}"
    )
    problem.__cause__ = error
    return problem


TASKS: Sequence[tuple[str, Any, dict[str, Any]]] = (
    # It only hands on what it is given: a workflow must not end because a machine did while it ran.
    ("celery.accumulate", accumulate, {"acks_late": True, "reject_on_worker_lost": True}),
    ("celery.map", map_items, {}),
    ("celery.starmap", map_stars, {}),
    ("celery.chunks", send_chunks, {"bind": True}),
    ("celery.group", send_group, {"bind": True}),
    ("celery.chord", send_chord, {"bind": True}),
    ("celery.chain", not_a_task, {}),
    ("celery.chord_unlock", unlock, {"bind": True, "max_retries": None, "ignore_result": True}),
)
