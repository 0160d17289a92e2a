"""From a job to an outcome: decode the message, run the task, encode the record."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from umbel import clock, signals, states
from umbel.contracts.pool import Step
from umbel.exceptions import (
    InvalidTaskError,
    NotRegistered,
    Reject,
    TaskRevokedError,
    Terminated,
    TimeLimitExceeded,
    WorkerLostError,
    WorkerTerminate,
)
from umbel.execution.context import Context, pop, push
from umbel.execution.drive import drive
from umbel.execution.plan import TaskPlan
from umbel.execution.run import ExceptionInfo, Run, execute, tell
from umbel.model.job import Job, Outcome
from umbel.model.message import Action
from umbel.wire import failure, protocol
from umbel.wire.brief import brief
from umbel.wire.meta import extended, meta

_log = logging.getLogger("umbel.worker")


class TaskRunner:
    """What the kernel gives to a pool (`umbel.contracts.pool.Runner`)."""

    def __init__(self, app: Any, hostname: str, guards_join: bool = True) -> None:
        self._app = app
        self._hostname = hostname
        self._guards_join = guards_join
        self._extended = bool(app.conf.result_extended)
        self._decode = app.formats.decode
        self._format = app.conf.result_serializer
        self._dumps = app.formats.serializer(self._format).dumps
        self._plans: dict[str, TaskPlan] = {}

    def plan(self, name: str) -> TaskPlan:
        """The plan of a task, made once; raises `NotRegistered`."""
        plan = self._plans.get(name)
        if plan is None:
            task = self._app.tasks.get(name)
            if task is None:
                raise NotRegistered(name)
            plan = self._plans[name] = TaskPlan.of(task)
        return plan

    def renew(self, name: str) -> None:
        """The options of the task have changed: they hold for runs that are admitted from now on."""
        self._plans.pop(name, None)

    def is_async(self, job: Job) -> bool:
        return (self._plans.get(job.task) or self.plan(job.task)).is_async

    def run(self, job: Job) -> Outcome:
        return drive(self.steps(job))

    def steps(self, job: Job) -> Generator[Step, Any, Outcome]:
        begun = clock.monotonic()
        try:
            args, kwargs, embed = protocol.unpack(self._decode(job.message))
        except InvalidTaskError as error:
            return self._undecodable(job, error)
        try:
            plan = self._plans.get(job.task) or self.plan(job.task)
            request = self._request(job, args, kwargs, embed)
            run = yield from execute(plan.task, request, args, kwargs, self._guards_join)
            outcome = self._outcome(job, plan, request, run, args, kwargs)
        except WorkerTerminate:
            raise
        except BaseException as error:  # what goes wrong around a task is not its fault, but must not vanish either
            _log.exception("Task %s[%s] raised an internal error", job.task, job.task_id)
            self._tell_of_internal_error(job, args, kwargs, error)
            outcome = self.failure(job.message.headers, job.task_id, error)
        outcome.runtime_s = clock.monotonic() - begun
        return outcome

    def _tell_of_internal_error(self, job: Job, args: Any, kwargs: Any, error: BaseException) -> None:
        signals.task_internal_error.send(
            self._app.tasks.get(job.task),
            task_id=job.task_id,
            args=args,
            kwargs=kwargs,
            request=Context.of({**job.message.headers}),
            exception=error,
            traceback=error.__traceback__,
            einfo=ExceptionInfo(error),
        )

    def _undecodable(self, job: Job, error: InvalidTaskError) -> Outcome:
        outcome = self.failure(job.message.headers, job.task_id, error)
        outcome.action, outcome.reason = Action.DEAD, f"cannot be decoded: {error}"
        return outcome

    def _request(self, job: Job, args: Sequence[Any], kwargs: Mapping[str, Any], embed: Mapping[str, Any]) -> Context:
        message = job.message
        properties = message.properties
        return Context.of(
            {
                **message.headers,
                "args": args,
                "kwargs": kwargs,
                "called_directly": False,
                "callbacks": embed.get("callbacks"),
                "errbacks": embed.get("errbacks"),
                "chain": embed.get("chain"),
                "chord": embed.get("chord"),
                "headers": message.headers,
                "properties": properties,
                "hostname": self._hostname,
                "reply_to": properties.get("reply_to"),
                "correlation_id": properties.get("correlation_id"),
                "delivery_info": {
                    "exchange": message.exchange,
                    "routing_key": message.routing_key or message.queue,
                    "priority": message.priority,
                    "redelivered": job.info.get("redelivered", False),
                },
            }
        )

    def _outcome(self, job: Job, plan: TaskPlan, request: Context, run: Run, args: Any, kwargs: Any) -> Outcome:
        outcome = Outcome(run.state, action=run.action, reason=run.reason, expected=run.expected)
        if run.state == states.SUCCESS:
            outcome.summary = brief(run.value, plan.task.resultrepr_maxsize)
            if request.chord or not self._ignores(plan, job.message.headers):  # a chord needs what its header returns
                try:
                    outcome.payload = self._success(request, run.value, args, kwargs)
                except Exception as error:  # whatever the result's own types raise on the way into the format
                    problem = TypeError(f"task {job.task} returned what {self._format!r} cannot encode: {error}")
                    return self.failure(job.message.headers, job.task_id, problem)
        elif run.state in (states.FAILURE, states.RETRY):
            self._describe(outcome, request, run, args, kwargs)
            if run.state == states.FAILURE and run.action is Action.ACK and not plan.acks_on_failure:
                outcome.action, outcome.reason = Action.DEAD, "failed, and acks_on_failure is off"
            store = plan.store_errors or request.chord or not self._ignores(plan, job.message.headers)
            outcome.payload = outcome.payload if store else None
        return outcome

    def _ignores(self, plan: TaskPlan, headers: Mapping[str, Any]) -> bool:
        told = headers.get("ignore_result")
        return plan.ignore_result if told is None else bool(told)

    def _more(self, request: Context, args: Any, kwargs: Any) -> dict[str, Any]:
        children = [child.as_tuple() for child in request._children or ()]
        more: dict[str, Any] = {"children": children} if children else {}
        if self._extended:
            queue = (request.delivery_info or {}).get("routing_key", "")
            more.update(extended(request.headers or {}, args, kwargs, self._hostname, queue))
        return more

    def _success(self, request: Context, value: Any, args: Any, kwargs: Any) -> bytes:
        more = self._more(request, args, kwargs)
        payload: bytes = self._dumps(meta(str(request.id), states.SUCCESS, value, request.headers or {}, **more))
        return payload

    def _describe(self, outcome: Outcome, request: Context, run: Run, args: Any, kwargs: Any) -> None:
        error = run.value
        cause = error.exc if run.state == states.RETRY and error.exc is not None else error
        outcome.summary = brief(error) if run.state == states.FAILURE else str(error)[:1024]
        outcome.traceback = run.einfo.traceback if run.einfo is not None else None
        record = meta(
            str(request.id),
            run.state,
            failure.describe(cause, self._dumps),
            request.headers or {},
            traceback=outcome.traceback,
            **self._more(request, args, kwargs),
        )
        outcome.payload = self._dumps(record)

    def failure(
        self, headers: Mapping[str, Any], task_id: str, error: BaseException, state: str = states.FAILURE
    ) -> Outcome:
        """The outcome of a task that did not get as far as to run, or whose run was cut off."""
        text = failure.text(error)
        record = meta(task_id, state, failure.describe(error, self._dumps), headers, traceback=text)
        return Outcome(state, payload=self._dumps(record), summary=brief(error), traceback=text)

    def lost(self, job: Job, error: BaseException) -> Outcome:
        """The process died under the job: hooks and signals fire here instead of there. As in Celery a task that is
        `retry_on_worker_lost` is sent again, acknowledged late or not; another one may be put back."""
        try:
            args, kwargs, embed = protocol.unpack(self._decode(job.message))
        except InvalidTaskError as undecodable:
            return self._undecodable(job, undecodable)
        plan, request = self.plan(job.task), self._request(job, args, kwargs, embed)
        if isinstance(error, Terminated):
            return self._terminated(job, plan, request)
        died, timed_out = isinstance(error, WorkerLostError), isinstance(error, TimeLimitExceeded)
        back = plan.acks_late and (not plan.acks_on_timeout if timed_out else died and plan.reject_on_worker_lost)
        run = Run(states.FAILURE, error, einfo=ExceptionInfo(error))
        token = push(plan.task, request)
        try:
            if died and plan.retry_on_worker_lost:
                try:
                    run.state, run.value = states.RETRY, plan.task.retry(exc=error, throw=False)
                except WorkerLostError:  # it was retried often enough
                    back = False
                except Reject as unsent:
                    _log.error("Task %s[%s] cannot be sent again: %s", job.task, job.task_id, unsent)
            if back and run.state == states.FAILURE:
                return Outcome(states.RETRY, action=Action.REQUEUE, reason=str(error), summary=brief(error), lost=True)
            drive(tell(plan.task, request, args, kwargs, run))
        finally:
            pop(token)
        outcome = self._outcome(job, plan, request, run, args, kwargs)
        outcome.lost = True
        if timed_out:  # acks_on_timeout has decided
            outcome.action, outcome.reason = Action.ACK, ""
        return outcome

    def _terminated(self, job: Job, plan: TaskPlan, request: Context) -> Outcome:
        """It was revoked while it ran: no hook of the task is called, as in Celery, but the signal is sent."""
        if "signal" in job.info:
            about = {"terminated": True, "signum": job.info["signal"], "expired": False}
            signals.task_revoked.send(plan.task, request=request, **about)
        outcome = self.failure(job.message.headers, job.task_id, TaskRevokedError("terminated"), states.REVOKED)
        outcome.lost = True
        if not request.chord and self._ignores(plan, job.message.headers):
            outcome.payload = None
        return outcome

    def process_started(self) -> None:
        """In a new process: nothing that the parent had open may be used here."""
        self._app.after_fork()
        signals.worker_process_init.send(self._hostname)

    def process_stopping(self) -> None:
        signals.worker_process_shutdown.send(self._hostname, pid=os.getpid(), exitcode=0)
        self._app.close()
