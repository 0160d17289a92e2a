"""One run of a task: from arguments to an end that has a state."""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any

from attrs import define

from umbel import clock, signals, states
from umbel.contracts.pool import Step
from umbel.exceptions import Ignore, Reject, Retry, WorkerTerminate
from umbel.execution import successors
from umbel.execution.context import Context, pop, push
from umbel.model.message import Action
from umbel.wire import failure


class ExceptionInfo:
    """What hooks and signals get of an exception, as in Celery: `exception`, `type`, `tb`, `traceback` (text)."""

    def __init__(self, exception: BaseException) -> None:
        self.exception = exception
        self.type = type(exception)
        self.tb: TracebackType | None = exception.__traceback__
        self.traceback = failure.text(exception)

    def __str__(self) -> str:
        return self.traceback

    def __repr__(self) -> str:
        return f"<ExceptionInfo: {self.exception!r}>"


@define(slots=True, eq=False)
class Run:
    """How a run ended: `value` is the return value or the exception."""

    state: str
    value: Any
    action: Action = Action.ACK
    reason: str = ""
    einfo: ExceptionInfo | None = None
    expected: bool = False


def execute(
    task: Any, request: Context, args: Sequence[Any], kwargs: Mapping[str, Any], guards_join: bool = False
) -> Generator[Step, Any, Run]:
    """Run `task` with its hooks, signals and successors, as `Runner.steps` says. Raises nothing that the task raised.

    Callbacks and the next step of a chain are published before success is reported, so that a success that is
    stored always has successors; if they cannot be published, the task has failed.
    """
    token, begun = push(task, request, guards_join), clock.monotonic()
    run: Run | None = None
    if request.chord:
        successors.warn_of_chord(task.app, str(request.group), str(request.chord)[:200])
    try:
        try:
            if signals.task_prerun.has_listeners():
                signals.task_prerun.send(task, task_id=request.id, task=task, args=args, kwargs=kwargs)
            task.before_start(request.id, args, kwargs)
            value = task.entry(*args, **kwargs)
            if hasattr(value, "__await__") and isinstance(value, Coroutine):  # the second alone is slow
                value = yield value
            if request.callbacks or request.chain:
                yield partial(successors.publish, task, request, value)
            run = Run(states.SUCCESS, value)
        except Ignore as error:
            run = Run(states.IGNORED, error)
        except Retry as error:
            run = Run(states.RETRY, error, einfo=ExceptionInfo(error))
        except Reject as error:
            run = _rejected(error)
        except WorkerTerminate:
            raise  # this run is broken off
        except BaseException as error:  # SystemExit and friends too: a task never ends the process that runs it
            expected = isinstance(error, tuple(task.throws or ()))
            run = Run(states.FAILURE, error, einfo=ExceptionInfo(error), expected=expected)
        yield from tell(task, request, args, kwargs, run, clock.monotonic() - begun)
        return run
    finally:
        if signals.task_postrun.has_listeners():
            retval, state = (run.value, run.state) if run is not None else (None, None)
            what = {"task_id": request.id, "task": task, "args": args, "kwargs": kwargs}
            signals.task_postrun.send(task, **what, retval=retval, state=state)
        pop(token)


def _rejected(error: Reject) -> Run:
    reason = str(error.reason) if error.reason is not None else "rejected by the task"
    if error.requeue:
        return Run(states.REJECTED, error, action=Action.REQUEUE, reason=reason)
    return Run(states.FAILURE, error, action=Action.DEAD, reason=reason, einfo=ExceptionInfo(error), expected=True)


def tell(
    task: Any, request: Context, args: Sequence[Any], kwargs: Mapping[str, Any], run: Run, runtime_s: float = 0.0
) -> Generator[Step, Any, None]:
    """Tell hooks and signals how a run has ended. What these raise changes nothing; when eager the caller sees it."""
    try:
        if run.state == states.SUCCESS:
            task.on_success(run.value, request.id, args, kwargs)
            signals.task_success.send(task, result=run.value, runtime=runtime_s)
        elif run.state == states.RETRY:
            cause = run.value.exc if run.value.exc is not None else run.value
            task.on_retry(cause, request.id, args, kwargs, run.einfo)
            signals.task_retry.send(task, request=request, reason=run.value, einfo=run.einfo)
        elif run.state == states.FAILURE:
            yield from _failed(task, request, args, kwargs, run.value, run.einfo)
        if run.state in (states.SUCCESS, states.FAILURE):
            task.after_return(run.state, run.value, request.id, args, kwargs, run.einfo)
    except Exception as error:
        if request.is_eager:
            raise
        task.log_hook_error(error)


def _failed(
    task: Any, request: Context, args: Any, kwargs: Any, error: BaseException, einfo: Any
) -> Generator[Step, Any, None]:
    """Tell everyone who wants to hear of a failure: errbacks, the task's own hook, the signal."""
    if request.errbacks:
        yield partial(successors.call_errbacks, task, request, error, einfo)
    if request.chain:
        yield partial(successors.fail_chain, task, request, error, einfo)
    task.on_failure(error, request.id, args, kwargs, einfo)
    signals.task_failure.send(
        task,
        task_id=request.id,
        exception=error,
        args=args,
        kwargs=kwargs,
        traceback=einfo.tb if einfo is not None else None,
        einfo=einfo,
    )
