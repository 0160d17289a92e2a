"""What will not run any more: who waits for it hears so, and so does every chord that would have counted it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from umbel import api, states
from umbel.exceptions import ChordError
from umbel.execution import successors
from umbel.execution.context import Context
from umbel.wire.meta import meta
from umbel_canvas.references import result_id

#: How many records are stored at once.
_AT_ONCE = 500


class Failing:
    """Fails parts of workflows. `count(call, error, state)` is told of those that a chord waits for. Blocks."""

    def __init__(self, app: Any, count: Callable[[Any, BaseException, str], None]) -> None:
        self._app = app
        self._count = count

    def fail(self, node: Any, error: BaseException, state: str = states.FAILURE) -> None:
        """A node that was never begun: all its calls end in `state`; a chord that waits for it counts it."""
        results = self._app.results
        calls = [call for call in calls_of(node, self._app) if call.id is not None]
        for start in range(0, len(calls), _AT_ONCE):
            ids = [call.id for call in calls[start : start + _AT_ONCE]]
            results.store([results.record(each, state, results.encode(meta(each, state, error, {}))) for each in ids])
        for call in calls:
            if call.options.get("chord") and call.options.get("group_id"):
                self._count(call, error, state)

    def fail_body(self, body: Any, error: ChordError) -> None:
        """A body whose header has failed: its errbacks are called once, and whatever follows it fails.

        Where the body is a group its members fail with what the header raised, as in Celery.
        """
        kind = body.get("subtask_type")
        raised: BaseException = error.__cause__ if kind == "group" and error.__cause__ is not None else error
        errbacks = self._errbacks(body)
        self.fail(body, raised)
        if errbacks:
            task_id = result_id(body)
            request = Context(id=task_id, root_id=body.options.get("root_id") or task_id, errbacks=errbacks)
            successors.call_errbacks(SimpleNamespace(app=self._app, name=body.get("task")), request, raised, None)

    def _errbacks(self, body: Any) -> list[Any]:
        """Those of the call that would have come first."""
        found = list(body.options.get("link_error") or ())
        kind = body.get("subtask_type")
        if kind == "reference":
            return found + self._errbacks(body.load())
        if kind == "chord":
            return found + self._errbacks(body.body)
        first = body.tasks[:1] if kind == "chain" else body.tasks if kind == "group" else ()
        for each in first:
            found += [errback for errback in self._errbacks(each) if errback not in found]
        return found


def calls_of(node: Any, app: Any) -> Iterator[Any]:
    """Every call of a node. Blocks where a part of it is stored elsewhere."""
    node = api.load("Signature").from_dict(node, app=app) if type(node) is dict else node
    kind = node.get("subtask_type")
    if kind == "reference":
        yield from calls_of(node.load(), app)
    elif kind in ("chain", "group", "chord"):
        for each in node.tasks:
            yield from calls_of(each, app)
        if kind == "chord" and node.body is not None:
            yield from calls_of(node.body, app)
    else:
        yield node
