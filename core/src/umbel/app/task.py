"""Tasks: functions that can be called from elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, ParamSpec, TypeVar

from umbel import api
from umbel.app import arguments, many
from umbel.app.current import get_current_app
from umbel.app.signature import Signature, kind
from umbel.exceptions import ImproperlyConfigured, MaxRetriesExceededError, OperationalError, Reject, Retry
from umbel.execution.context import Context, drop, pop, push, request_of
from umbel.wire.meta import meta as result_meta

if TYPE_CHECKING:
    from umbel.app.app import Umbel
    from umbel.results.result import AsyncResult, EagerResult

P = ParamSpec("P")
R = TypeVar("R")
_log = logging.getLogger("umbel.task")


class FromSetting:
    """An attribute that has the value of a setting until a task sets its own."""

    def __init__(self, setting: str) -> None:
        self.setting = setting

    def __get__(self, task: Any, owner: type) -> Any:
        app = getattr(task if task is not None else owner, "app", None)
        return getattr(app.conf, self.setting) if app is not None else None


class Task(Generic[P, R]):
    """A task of an app. Made by `@app.task`; subclass it for tasks with state or hooks of their own (`base=`)."""

    app: Umbel
    abstract: ClassVar[bool] = True
    name: str = ""
    bound: bool = False
    typing: bool | None = None
    max_retries: int | None = 3
    #: Seconds.
    default_retry_delay: float = 180
    expires: Any = None
    throws: Sequence[type[BaseException]] = ()
    trail: bool = True
    send_events: bool = True
    resultrepr_maxsize: int = 1024
    serializer: Any = FromSetting("task_serializer")
    compression: Any = FromSetting("task_compression")
    rate_limit: Any = FromSetting("task_default_rate_limit")
    priority: Any = FromSetting("task_default_priority")
    time_limit: Any = FromSetting("task_time_limit")
    soft_time_limit: Any = FromSetting("task_soft_time_limit")
    track_started: Any = FromSetting("task_track_started")
    acks_late: Any = FromSetting("task_acks_late")
    acks_on_failure_or_timeout: Any = FromSetting("task_acks_on_failure_or_timeout")
    acks_on_failure: Any = FromSetting("task_acks_on_failure")
    acks_on_timeout: Any = FromSetting("task_acks_on_timeout")
    reject_on_worker_lost: Any = FromSetting("task_reject_on_worker_lost")
    retry_on_worker_lost: Any = FromSetting("task_retry_on_worker_lost")
    ignore_result: Any = FromSetting("task_ignore_result")
    store_eager_result: Any = FromSetting("task_store_eager_result")
    store_errors_even_if_ignored: Any = FromSetting("task_store_errors_even_if_ignored")
    MaxRetriesExceededError = MaxRetriesExceededError
    OperationalError = OperationalError

    # The functions that a user writes.

    def run(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The body of the task."""
        raise NotImplementedError(f"task {self.name!r} must define run()")

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """Called in the process that runs the task, before it starts."""

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        """Called after the task has succeeded."""

    def on_failure(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Called after the task has failed."""

    def on_retry(self, exc: BaseException, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Called when the task will be tried again."""

    def after_return(self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        """Called after the task has succeeded or failed."""

    def shadow_name(self, args: Any, kwargs: Any, options: Any) -> str | None:
        """Another name for this call in logs and monitors."""
        return None

    @classmethod
    def on_bound(cls, app: Umbel) -> None:
        """Called when the task's class is bound to an app."""

    # Calling.

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the task here, as the function that it is."""
        token = push(self, Context(args=args, kwargs=kwargs))
        try:
            return self.run(*args, **kwargs)
        finally:
            pop(token)

    @property
    def entry(self) -> Any:
        """What a worker calls: `run`, unless a subclass has a `__call__` of its own."""
        return self if type(self).__call__ is not Task.__call__ else self.run

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """Send the task with these arguments. Blocks until the broker has it; raises as `apply_async`."""
        return self.apply_async(args, kwargs)

    async def adelay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult[R]:
        """As `delay`, from a coroutine, without blocking the loop."""
        return await self.aapply_async(args, kwargs)

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        producer: Any = None,
        link: Any = None,
        link_error: Any = None,
        shadow: str | None = None,
        **options: Any,
    ) -> AsyncResult[R]:
        """Send the task.

        Options, with Celery's meaning: `countdown` (seconds), `eta`, `expires` (seconds, datetime or ISO text),
        `retry`, `retry_policy`, `time_limit`, `soft_time_limit` (seconds), `queue`, `exchange`, `routing_key`,
        `priority`, `serializer`, `compression`, `headers`, `ignore_result`, `add_to_parent`, … Blocks until the broker
        has the message. Raises `TypeError` for arguments that do not fit the task, `UnserializableArgument`,
        `MessageTooLarge`, and `OperationalError` when the broker cannot be reached within the retry policy.
        """
        if producer is not None:
            options["producer"] = producer
        sender = self.app.resources.sender
        call = self._call(sender, args, kwargs, task_id, link, link_error, shadow, options)
        sent: AsyncResult[R] = sender.run_here(self, call) if sender.always_eager else sender.send(call)
        return sent

    def apply_many(self, calls: Iterable[Sequence[Any]], **options: Any) -> Sequence[AsyncResult[R]]:
        """Send the task once for each tuple of arguments in `calls`, which may be a generator: as many times
        `apply_async(args, **options)`, but in batches, for a fraction of the time. Blocks and raises as `apply_async`;
        after an error some of the calls may have been published."""
        sender = self.app.resources.sender
        about = [options.pop(name, None) for name in ("link", "link_error", "shadow")]
        rows = iter(calls)
        made = (self._call(sender, args, None, None, *about, options) for args in rows)
        is_plain = sender.routes_all_alike and not sender.is_heard and "shadow_name" not in vars(type(self))
        if sender.always_eager:
            return [sender.run_here(self, call) for call in made]
        first = next(made, None) if is_plain else None
        sent: Sequence[AsyncResult[R]] = sender.send_all(made) if first is None else many.send(self, first, rows)
        return sent

    async def aapply_async(
        self, args: Sequence[Any] | None = None, kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> AsyncResult[R]:
        """As `apply_async`, from a coroutine."""
        task_id, shadow = options.pop("task_id", None), options.pop("shadow", None)
        link, link_error = options.pop("link", None), options.pop("link_error", None)
        sender = self.app.resources.sender
        call = self._call(sender, args, kwargs, task_id, link, link_error, shadow, options)
        sent: AsyncResult[R] = sender.run_here(self, call) if sender.always_eager else await sender.asend(call)
        return sent

    def _call(self, sender: Any, args: Any, kwargs: Any, *more: Any) -> Any:
        task_id, link, link_error, shadow, options = more
        args, kwargs = args or (), kwargs or {}
        self.check_call(args, kwargs)
        shadow = shadow or self.shadow_name(args, kwargs, options)
        return sender.call(self.name, args, kwargs, self, task_id, link, link_error, shadow, options)

    def check_call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """As `check_arguments`, if `typing` is on; raises `TypeError` also for arguments that are no list or tuple."""
        if not isinstance(args, (list, tuple)):
            raise TypeError(f"{self.name}: args must be a list or tuple, found {type(args).__name__}: {args!r}")
        if self.app.strict_typing if self.typing is None else self.typing:
            self.check_arguments(args, kwargs)

    def check_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Raises `TypeError` if the task cannot be called with these arguments."""
        check = arguments.checker(self.run, self.name)
        self.__dict__["check_arguments"] = check  # made once, when the first call comes
        check(args, kwargs)

    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        link: Any = None,
        link_error: Any = None,
        task_id: str | None = None,
        retries: int | None = None,
        throw: bool | None = None,
        logfile: str | None = None,
        loglevel: int | None = None,
        headers: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> EagerResult[R]:
        """Run the task here and now, with everything around it that a worker does; returns an `EagerResult`."""
        options.update(link=link, link_error=link_error, headers=headers)
        from umbel.app import eager  # noqa: PLC0415  (8 ms, for those who run tasks)

        return eager.apply(self, args or (), kwargs or {}, task_id, retries or 0, throw, options)

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AsyncResult[R]:
        """The result of a call with this id."""
        return self.app.AsyncResult(task_id, task_name=self.name, **kwargs)

    # Signatures.

    def signature(self, args: Sequence[Any] | None = None, *starargs: Any, **starkwargs: Any) -> Signature:
        """A call that is not made yet; keyword arguments as in `Signature` (`kwargs`, `options`, `immutable`, …)."""
        return kind()(self, args, *starargs, **{"app": self.app, **starkwargs})

    subtask = signature

    def s(self, *args: Any, **kwargs: Any) -> Signature:
        """`signature(args, kwargs)`."""
        return self.signature(args, kwargs)

    def si(self, *args: Any, **kwargs: Any) -> Signature:
        """As `s`, but the result of what comes before is not passed on to it."""
        return self.signature(args, kwargs, immutable=True)

    def map(self, it: Any) -> Any:
        """Run the task for each item, within one task (needs the plugin of `umbel.xmap`)."""
        return api.load("xmap")(self.s(), it, app=self.app)

    def starmap(self, it: Any) -> Any:
        """As `map`, each item being a list of arguments."""
        return api.load("xstarmap")(self.s(), it, app=self.app)

    def chunks(self, it: Any, n: int) -> Any:
        """Split the items into tasks of `n`."""
        return api.load("chunks")(self.s(), it, n, app=self.app)

    # While it runs.

    @property
    def request(self) -> Context:
        """What is known about the call that runs now; a fresh `Context` outside of one."""
        found = request_of(self)
        return found if found is not None else Context()

    def push_request(self, *args: Any, **kwargs: Any) -> None:
        """For tests: the task runs from here on, with this `request`, until `pop_request`."""
        push(self, Context(*args, **kwargs))

    def pop_request(self) -> None:
        """Take back the last `push_request`."""
        drop()

    @property
    def backend(self) -> Any:
        return self.app.backend

    def update_state(
        self, task_id: str | None = None, state: str | None = None, meta: Any = None, **kwargs: Any
    ) -> None:
        """Store a state of your own for the running task (or `task_id`), with `meta` as its result. Blocks."""
        task_id = task_id or self.request.id
        if task_id is None:
            raise ImproperlyConfigured(f"{self.name}.update_state: expected a running task or a task_id, found neither")
        record = result_meta(task_id, state or "", meta, self.request.headers or {})
        self.app.results.store_state(task_id, state or "", record, self.request.reply_to)

    def add_trail(self, result: Any) -> Any:
        """Remember a result as a child of this run."""
        if self.trail:
            self.request.children.append(result)
        return result

    def replace(self, sig: Any) -> Any:
        """End this run and have `sig`, which may be a workflow, run in its place, with its id. Raises `Ignore`."""
        return api.load("replacement")(self, sig)

    def add_to_chord(self, sig: Any, lazy: bool = False) -> Any:
        """Add a call to the header of the chord that this task is part of; `lazy`: do not send it. Blocks."""
        return api.load("addition")(self, sig, lazy)

    def signature_from_request(
        self,
        request: Context | None = None,
        args: Any = None,
        kwargs: Any = None,
        queue: str | None = None,
        **extra: Any,
    ) -> Signature:
        """The call that runs now, as a signature that sends it again."""
        request = request if request is not None else self.request
        options = request.as_execution_options()
        where = request.delivery_info or {}
        if queue:
            options["queue"] = queue
        elif where.get("exchange"):
            options.update(exchange=where["exchange"], routing_key=where.get("routing_key"))
        elif where.get("routing_key"):
            options["queue"] = where["routing_key"]
        if where.get("priority"):
            options["priority"] = where["priority"]
        options.update(extra)
        args = request.args if args is None else args
        kwargs = request.kwargs if kwargs is None else kwargs
        return self.signature(args, kwargs, options={k: v for k, v in options.items() if v is not None})

    subtask_from_request = signature_from_request

    def retry(
        self,
        args: Any = None,
        kwargs: Any = None,
        exc: BaseException | None = None,
        throw: bool = True,
        eta: Any = None,
        countdown: float | None = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> Any:
        """Send the running task again and end this run with `Retry`.

        `countdown` in seconds, else `eta`, else `default_retry_delay`. After `max_retries` raises `exc`, or
        `MaxRetriesExceededError`. Called outside of a worker it raises `exc`. `throw=False` returns the `Retry`.
        """
        request = self.request
        retries = request.retries + 1
        most = self.max_retries if max_retries is None else max_retries
        if request.called_directly:
            raise exc if exc is not None else Retry("Task can be retried", None)
        if most is not None and retries > most:
            self._give_up(request, exc)
        if eta is None and countdown is None:
            countdown = self.default_retry_delay
        again = self.signature_from_request(
            request, args, kwargs, countdown=countdown, eta=eta, retries=retries, **options
        )
        outcome = Retry(exc=exc, when=eta or countdown, is_eager=request.is_eager, sig=again)
        if not request.is_eager:
            try:
                again.apply_async()
            except Exception as error:
                raise Reject(error, requeue=False) from error
        if throw:
            raise outcome
        return outcome

    async def aretry(self, **options: Any) -> Any:
        """As `retry`, from a coroutine, without blocking the loop."""
        import asyncio  # noqa: PLC0415  (24 ms, for those who have a loop, and so have paid it)

        return await asyncio.to_thread(self.retry, **options)

    def _give_up(self, request: Context, exc: BaseException | None) -> NoReturn:
        if exc is not None:
            raise exc
        raise MaxRetriesExceededError(
            f"Can't retry {self.name}[{request.id}] args:{request.args} kwargs:{request.kwargs}",
            task_args=request.args,
            task_kwargs=request.kwargs,
        )

    def log_hook_error(self, error: BaseException) -> None:
        """A hook of this task raised; the outcome stands."""
        _log.error("A hook of task %s raised: the outcome of the run stands", self.name, exc_info=error)

    def __reduce__(self) -> Any:
        return _by_name, (self.app.main, self.name)

    def __repr__(self) -> str:
        return f"<@task: {self.name} of {self.app.main or 'app'}>"


def _by_name(main: str | None, name: str) -> Any:
    return get_current_app().tasks[name]
