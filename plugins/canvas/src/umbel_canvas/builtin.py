"""The tasks that Celery has for its canvas, by its names: either kind of worker can be sent them by the other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from umbel import allow_join_result, shared_task, signature
from umbel.exceptions import ChordError
from umbel.results.result import result_from_tuple
from umbel_canvas.completing import Completion
from umbel_canvas.failing import Failing
from umbel_canvas.making import make_chord, make_group


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


def unlock(self: Any, group_id: str, callback: Any, interval: float | None = None, result: Any = None, **_: Any) -> Any:
    """Looks again and again whether a chord's header is ready, as Celery does where a backend cannot count."""
    results = [result_from_tuple(each, self.app) for each in result or ()]
    body = signature(callback, app=self.app)
    found = self.app.results.fetch([each.id for each in results])
    if any(each is None or each["status"] not in ("SUCCESS", "FAILURE", "REVOKED") for each in found):
        raise self.retry(countdown=interval or self.app.conf.result_chord_retry_interval, max_retries=None)
    with allow_join_result():
        try:
            values = [each.get(timeout=self.app.conf.result_chord_join_timeout) for each in results]
        except Exception as error:
            problem = _problem(results, error)
            Failing(self.app, Completion(self.app).count_failed).fail_body(body, problem)
            return None
    return body.apply_async((values,)).id


def _problem(results: Sequence[Any], error: BaseException) -> Any:
    culprit = next((each.id for each in results if each.failed()), "?")
    problem = ChordError(f"Dependency {culprit} raised {error!r}")
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
