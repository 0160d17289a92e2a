"""The handle of a task that was sent: its state, its result, waiting for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from umbel import api, states
from umbel.app.current import get_current_app
from umbel.exceptions import TimeoutError
from umbel.results.joining import assert_will_not_block
from umbel.wire.times import parse

if TYPE_CHECKING:
    from umbel.model.record import Record

R = TypeVar("R")

_PENDING: dict[str, Any] = {"status": states.PENDING, "result": None, "traceback": None, "children": []}


class AsyncResult(Generic[R]):
    """The result of task `id`. PENDING also means that no such task is known; `exists()` tells whether it is.

    `await result` waits for it without blocking the loop.
    """

    TimeoutError = TimeoutError

    def __init__(
        self, id: str, backend: Any = None, task_name: str | None = None, app: Any = None, parent: Any = None
    ) -> None:
        if id is None:
            raise ValueError(f"AsyncResult requires valid id, not {type(id)}")
        self.id = id
        self.app: Any = app if app is not None else get_current_app()
        self.parent: AsyncResult[Any] | None = parent
        self._name = task_name
        self._meta: dict[str, Any] | None = None
        self.ignored = False

    @property
    def task_id(self) -> str:
        return self.id

    @property
    def backend(self) -> Any:
        return self.app.backend

    # Reading. A ready record is kept: it does not change any more.

    def _read(self) -> dict[str, Any]:
        if self._meta is not None:
            return self._meta
        (found,) = self.app.results.fetch((self.id,))
        return self._keep(found) if found is not None else _PENDING

    def _keep(self, meta: dict[str, Any]) -> dict[str, Any]:
        if meta["status"] in states.READY_STATES:
            self._meta = meta
        return meta

    @property
    def state(self) -> str:
        """The state; asks the backend unless it is known to be ready. Blocks."""
        return str(self._read()["status"])

    status = state

    @property
    def result(self) -> Any:
        """The return value, the exception of a failed task, or the `meta` of a state of your own."""
        return self._read()["result"]

    info = result

    @property
    def traceback(self) -> str | None:
        return self._read().get("traceback")

    @property
    def children(self) -> list[Any]:
        """The results of the tasks that this one sent."""
        return [result_from_tuple(child, self.app) for child in self._read().get("children") or ()]

    @property
    def date_done(self) -> datetime | None:
        done = self._read().get("date_done")
        return parse(done) if isinstance(done, str) else done

    @property
    def name(self) -> str | None:
        return self._read().get("name") or self._name

    @property
    def args(self) -> Any:
        return self._read().get("args")

    @property
    def kwargs(self) -> Any:
        return self._read().get("kwargs")

    @property
    def worker(self) -> str | None:
        return self._read().get("worker")

    @property
    def retries(self) -> int | None:
        return self._read().get("retries")

    @property
    def queue(self) -> str | None:
        return self._read().get("queue")

    def exists(self) -> bool:
        """The backend has a record of this id."""
        return self._meta is not None or self.app.results.fetch((self.id,))[0] is not None

    def ready(self) -> bool:
        return self.state in states.READY_STATES

    def successful(self) -> bool:
        return self.state == states.SUCCESS

    def failed(self) -> bool:
        return self.state == states.FAILURE

    def forget(self) -> None:
        """Drop the record, and those of the parents."""
        self._meta = None
        if self.parent is not None:
            self.parent.forget()
        self.app.results.forget((self.id,))

    # What happens to the task: by whoever is `app.control`.

    def revoke(
        self, connection: Any = None, terminate: bool = False, signal: Any = None, wait: bool = False,
        timeout: float | None = None,
    ) -> None:  # fmt: skip
        """Have no worker begin the task; `terminate` it with `signal` where it runs. With `wait` it blocks until
        workers have answered, up to `timeout` seconds."""
        self.app.control.revoke(self.id, terminate=terminate, signal=signal, reply=wait, timeout=timeout)

    def revoke_by_stamped_headers(
        self, headers: Any, connection: Any = None, terminate: bool = False, signal: Any = None, wait: bool = False,
        timeout: float | None = None,
    ) -> None:  # fmt: skip
        """As `revoke`, for all tasks with one of these stamps (a dict of names to a value or a list of values)."""
        what = {"terminate": terminate, "signal": signal, "reply": wait, "timeout": timeout}
        self.app.control.revoke_by_stamped_headers(headers, **what)

    @property
    def graph(self) -> Any:
        """This result and those that led to it and came of it, to be drawn (needs the plugin of `umbel.Graph`)."""
        return api.load("Graph").of(self)

    def collect(self, intermediate: bool = False, **kwargs: Any) -> Iterator[tuple[Any, Any]]:
        """Each result with its value, from this one down to its children's children; blocks as `get`, with `kwargs`."""
        return cast("Iterator[tuple[Any, Any]]", self.graph.collect(intermediate, **kwargs))

    def iterdeps(self, intermediate: bool = False) -> Iterator[tuple[Any, Any]]:
        """Each result below this one with the one that it is a child of, this one with None first; raises
        `IncompleteStream` at one that is not ready, unless `intermediate`. Blocks."""
        return cast("Iterator[tuple[Any, Any]]", self.graph.iterdeps(intermediate))

    def get_leaf(self) -> Any:
        """What the last of its children's children has returned. Blocks."""
        *_, (_, leaf) = self.iterdeps()
        return leaf.get()

    # Waiting.

    def get(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        no_ack: bool = True,
        follow_parents: bool = True,
        callback: Callable[[str, Any], Any] | None = None,
        on_message: Callable[[dict[str, Any]], Any] | None = None,
        on_interval: Callable[[], Any] | None = None,
        disable_sync_subtasks: bool = True,
        EXCEPTION_STATES: Any = states.EXCEPTION_STATES,
        PROPAGATE_STATES: Any = states.PROPAGATE_STATES,
    ) -> R:
        """Wait up to `timeout` seconds (None: for ever) and return the result, or raise what the task raised.

        Raises `TimeoutError`; `RuntimeError` inside a task (see `allow_join_result`). `interval` and `no_ack` are
        accepted for Celery's sake: results are pushed. `on_interval` is called about every `interval` seconds.
        """
        if self.ignored:
            return cast(R, None)
        if disable_sync_subtasks:
            assert_will_not_block()
        if propagate and follow_parents:
            self._throw_before()
        meta = self._meta if self._meta is not None else self._wait(timeout, interval, on_interval)
        if on_message is not None:
            on_message(meta)
        if propagate and meta["status"] in PROPAGATE_STATES:
            self.maybe_throw(callback=callback)
        if callback is not None:
            callback(self.id, meta["result"])
        return cast(R, meta["result"])

    wait = get

    def _throw_before(self) -> None:
        """Raise what one of the parents has raised. A chain has many: they are read together."""
        parents = list(self._parents())
        unknown = [each for each in parents if isinstance(each, AsyncResult) and each._meta is None]
        found = self.app.results.fetch([each.id for each in unknown]) if unknown else []
        for each, meta in zip(unknown, found, strict=True):
            if meta is not None:
                each._keep(meta)
        for each in parents:
            if not isinstance(each, AsyncResult) or each._meta is not None:
                each.maybe_throw()

    def _wait(self, timeout: float | None, interval: float, on_interval: Callable[[], Any] | None) -> dict[str, Any]:
        listener = self.app.results.listener
        future = listener.expect(self.id, alone=True)
        left = timeout
        try:
            while True:
                part = left if on_interval is None else min(interval, left if left is not None else interval)
                try:
                    return self._keep(self.app.results.decode(listener.wait(future, part)))
                except FutureTimeout:
                    left = left - part if left is not None and part is not None else left
                    if on_interval is None or (left is not None and left <= 0):
                        raise TimeoutError(f"The operation timed out: no result of {self.id} in {timeout} s") from None
                    on_interval()
        finally:
            listener.release(self.id, future)

    def _expect(self) -> Future[Record]:
        future: Future[Record] = self.app.results.listener.expect(self.id)
        return future

    @property
    def supports_native_join(self) -> bool:
        """Always: nothing is asked for again and again."""
        return True

    def __await__(self) -> Generator[Any, None, R]:
        return self.aget().__await__()

    async def aget(self, timeout: float | None = None, propagate: bool = True) -> R:
        """As `get`, from a coroutine."""
        if self.ignored:
            return cast(R, None)
        if self._meta is None:
            import asyncio  # noqa: PLC0415  (24 ms, for those who have a loop, and so have paid it)

            future = self._expect()
            try:
                record = await asyncio.wait_for(asyncio.wrap_future(future), timeout)
            except asyncio.TimeoutError:
                raise TimeoutError(f"The operation timed out: no result of {self.id} in {timeout} s") from None
            finally:
                self.app.results.listener.release(self.id, future)
            self._keep(self.app.results.decode(record))
        if propagate:
            self.maybe_throw()
        return cast(R, self._read()["result"])

    def maybe_throw(self, propagate: bool = True, callback: Callable[[str, Any], Any] | None = None) -> Any:
        """Raise what the task raised, if it failed or was revoked; else return the result."""
        meta = self._read()
        if meta["status"] in states.PROPAGATE_STATES and propagate:
            if callback is not None:
                callback(self.id, meta["result"])
            raise self._as_exception(meta)
        return meta["result"]

    maybe_reraise = maybe_throw

    def _as_exception(self, meta: dict[str, Any]) -> BaseException:
        error = meta["result"]
        if not isinstance(error, BaseException):
            return Exception(error)
        if meta.get("traceback") and self.app is not None and self.app.conf.task_remote_tracebacks:
            error.__cause__ = RuntimeError(f"remote traceback:\n{meta['traceback']}")
        return error

    def throw(self, *args: Any, **kwargs: Any) -> None:
        """Raise the result."""
        raise self._as_exception(self._read())

    def then(self, callback: Callable[[AsyncResult[R]], Any], on_error: Any = None, weak: bool = False) -> None:
        """Call `callback(result)` on the listener's thread when the task is ready."""

        def resolved(future: Future[Record]) -> None:
            if future.cancelled() or future.exception() is not None:
                return
            self._keep(self.app.results.decode(future.result()))
            chosen = callback if self.successful() or on_error is None else on_error
            chosen(self)

        self._expect().add_done_callback(resolved)

    # As data.

    def _parents(self) -> Iterator[AsyncResult[Any]]:
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def as_tuple(self) -> Any:
        """Celery's form: `((id, parent), None)`."""
        return (self.id, self.parent and self.parent.as_tuple()), None

    def as_list(self) -> list[str]:
        """The ids of this result and its parents."""
        return [self.id, *(self.parent.as_list() if self.parent is not None else ())]

    def __str__(self) -> str:
        return str(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.id}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AsyncResult):
            return self.id == other.id
        return self.id == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> Any:
        return type(self), (self.id, None, self._name, None, self.parent)


class EagerResult(AsyncResult[R]):
    """The result of a task that ran at once."""

    def __init__(
        self, id: str, ret_value: Any, state: str, traceback: str | None = None, name: str | None = None
    ) -> None:
        self.id = id
        self.app = None  # whoever makes it says which one, if there is one
        self.parent = None
        self._name = name
        self.ignored = False
        self._meta = {"status": state, "result": ret_value, "traceback": traceback, "children": [], "name": name}

    def exists(self) -> bool:
        return True

    def forget(self) -> None:
        """There is nothing to drop."""

    def revoke(self, *args: Any, **kwargs: Any) -> None:
        """It is over already."""
        assert self._meta is not None
        self._meta["status"] = states.REVOKED

    def __reduce__(self) -> Any:
        return EagerResult, (self.id, self.result, self.state, self.traceback, self._name)


def result_from_tuple(r: Any, app: Any = None) -> Any:
    """The result that `as_tuple` described."""
    if isinstance(r, AsyncResult):
        return r
    handle, nodes = r
    task_id, parent = handle if isinstance(handle, (list, tuple)) else (handle, None)
    if nodes is not None:
        return api.load("GroupResult").from_tuple(r, app)
    return AsyncResult(task_id, app=app, parent=result_from_tuple(parent, app) if parent else None)
