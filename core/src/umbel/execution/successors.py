"""What follows a task: callbacks (`link`), the next step of a chain, and errbacks (`link_error`)."""

from __future__ import annotations

import inspect
import logging
from functools import lru_cache, partial
from inspect import Parameter
from typing import Any

from umbel import states
from umbel.execution.context import Context
from umbel.wire.meta import meta

_log = logging.getLogger("umbel.task")
_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_ANY_NUMBER = Parameter.VAR_POSITIONAL


def publish(task: Any, request: Context, value: Any) -> None:
    """Send the callbacks and the next step of the chain with `value` in front of their arguments."""
    inherited = {"parent_id": request.id, "root_id": request.root_id or request.id}
    for callback in request.callbacks or ():
        task.app.signature(callback).apply_async((value,), **inherited)
    if request.chain:
        # A chain travels reversed: the next step is the last element.
        *rest, following = request.chain
        task.app.signature(following).apply_async((value,), chain=rest or None, **inherited)


@lru_cache(maxsize=1000)  # once for each chord in this process
def warn_of_chord(app: Any, group: str, body: str) -> None:
    """Without what provides chords nothing counts here how much of the header is done, and nobody sends the body."""
    if "chord" not in app.catalogue.names("api"):
        text = "Chord %s will never end: this worker does not count its header, so that nobody sends its body %s. %s"
        _log.error(text, group, body, "Install what provides umbel.chord on all workers, or let Celery's run these")


def fail_chain(task: Any, request: Context, error: BaseException, einfo: Any) -> None:
    """Store the failure for the steps of the chain that will not run: who waits for the last one must hear of it.

    A chain of Celery's has their ids in it. Blocks.
    """
    ids = [task.app.signature(step).id for step in request.chain or ()]
    if task.app.backend is None:
        return
    traceback = einfo.traceback if einfo is not None else None
    for task_id in filter(None, ids):
        record = meta(task_id, states.FAILURE, error, request.headers or {}, traceback=traceback)
        task.app.results.store_state(task_id, states.FAILURE, record, request.reply_to)


def call_errbacks(task: Any, request: Context, error: BaseException, einfo: Any) -> None:
    """Run or send what shall happen after a failure.

    As in Celery: an errback that is registered here and has more than one argument open is called in place with
    `(request, exception, traceback)`; any other is sent as a task with the id of the failed one.
    """
    inherited = {"parent_id": request.id, "root_id": request.root_id or request.id}
    for errback in request.errbacks or ():
        signature = task.app.signature(errback)
        try:
            target = task.app.tasks.get(signature.task)
            if target is not None and not target.bound and _takes_several(target.run, signature):
                traceback = einfo.traceback if einfo is not None else None
                target(request, error, traceback, *signature.args, **signature.kwargs)
            else:
                signature.apply_async((request.id,), **inherited)
        except Exception:  # one broken errback must not keep the others, or the result, from being recorded
            _log.exception("Errback %s of task %s[%s] raised", signature.task, task.name, request.id)


def _takes_several(function: Any, signature: Any) -> bool:
    """Whether more than one argument is open: what a signature brings counts no more, unless it is immutable."""
    if not signature.immutable:
        function = partial(function, *signature.args, **signature.kwargs)
    try:
        kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return False
    return _ANY_NUMBER in kinds or sum(kind in _BY_POSITION for kind in kinds) > 1
