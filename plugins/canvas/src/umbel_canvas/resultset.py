"""Results of several calls, waited for together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from umbel import clock, states
from umbel.app.current import get_current_app
from umbel.exceptions import TimeoutError
from umbel.results.joining import assert_will_not_block
from umbel_canvas.listening import heard

#: How many records are asked for at a time.
AT_ONCE = 500


class ResultSet:
    """Results in an order. They are read many at a time, and heard of as they come."""

    def __init__(self, results: Iterable[Any], app: Any = None, ready_barrier: Any = None, **_: Any) -> None:
        self._app = app
        self.results: Sequence[Any] = results if isinstance(results, Sequence) else list(results)
        self.parent: Any = None

    @property
    def app(self) -> Any:
        if self._app is None:
            self._app = self.results[0].app if self.results else get_current_app()
        return self._app

    @property
    def backend(self) -> Any:
        return self.app.backend

    @property
    def supports_native_join(self) -> bool:
        """Always: nothing is asked for one by one."""
        return True

    # Which results.

    def add(self, result: Any) -> None:
        """Add one, unless it is here."""
        if result not in self.results:
            self.results = [*self.results, result]

    def update(self, results: Iterable[Any]) -> None:
        """Add several."""
        for each in results:
            self.add(each)

    def remove(self, result: Any) -> None:
        """Take one out, by itself or its id; raises `KeyError`."""
        kept = [each for each in self.results if each != result and each.id != result]
        if len(kept) == len(self.results):
            raise KeyError(result)
        self.results = kept

    def discard(self, result: Any) -> None:
        """Take one out, if it is here."""
        self.results = [each for each in self.results if each != result and each.id != result]

    def clear(self) -> None:
        """Take all out."""
        self.results = []

    # How they are.

    def leaves(self) -> Iterator[Any]:
        """The results of calls, those of nested groups among them."""
        for each in self.results:
            if isinstance(each, ResultSet):
                yield from each.leaves()
            else:
                yield each

    def metas(self) -> Iterator[tuple[Any, dict[str, Any] | None]]:
        """Each call's result with its record, None where there is none yet; many are read at a time. Blocks."""
        batch: list[Any] = []
        for each in self.leaves():
            batch.append(each)
            if len(batch) >= AT_ONCE:
                yield from self._read(batch)
                batch = []
        yield from self._read(batch)

    def _read(self, batch: list[Any]) -> Iterator[tuple[Any, dict[str, Any] | None]]:
        unknown = [each for each in batch if each._meta is None]
        found = self.app.results.fetch([each.id for each in unknown]) if unknown else []
        for each, meta in zip(unknown, found, strict=True):
            if meta is not None:
                each._keep(meta)
        known = dict(zip(map(id, unknown), found, strict=True))
        return ((each, each._meta or known.get(id(each))) for each in batch)

    def states(self) -> Iterator[str]:
        """The state of each call. Blocks."""
        return (meta["status"] if meta is not None else states.PENDING for _, meta in self.metas())

    def ready(self) -> bool:
        return all(state in states.READY_STATES for state in self.states())

    def waiting(self) -> bool:
        """Some are not ready."""
        return not self.ready()

    def successful(self) -> bool:
        return all(state == states.SUCCESS for state in self.states())

    def failed(self) -> bool:
        """Some have failed."""
        return any(state == states.FAILURE for state in self.states())

    def completed_count(self) -> int:
        """How many have succeeded."""
        return sum(state == states.SUCCESS for state in self.states())

    def maybe_throw(self, callback: Callable[[str, Any], Any] | None = None, propagate: bool = True) -> None:
        """Raise what the first that failed has raised."""
        for result, meta in self.metas():
            if meta is not None and meta["status"] in states.PROPAGATE_STATES:
                result.maybe_throw(callback=callback, propagate=propagate)

    maybe_reraise = maybe_throw

    # Waiting.

    def iter_native(
        self,
        timeout: float | None = None,
        interval: float = 0.5,
        no_ack: bool = True,
        on_message: Callable[[dict[str, Any]], Any] | None = None,
        on_interval: Callable[[], Any] | None = None,
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Ids with their records, as they come. Blocks; raises `TimeoutError` after `timeout` seconds."""
        open_ = {}
        for result, meta in self.metas():
            if meta is not None and meta["status"] in states.READY_STATES:
                if on_message is not None:
                    on_message(meta)
                yield result.id, meta
            elif not result.ignored:
                open_[result.id] = result
        deadline = None if timeout is None else clock.monotonic() + timeout
        for record in heard(self.app, list(open_), deadline, interval, on_interval):
            meta = open_.pop(record.task_id)._keep(self.app.results.decode(record))
            if on_message is not None:
                on_message(meta)
            yield record.task_id, meta
        if open_:
            raise TimeoutError(f"The operation timed out: {len(open_)} results are not ready in {timeout} s")

    def get(
        self,
        timeout: float | None = None,
        propagate: bool = True,
        interval: float = 0.5,
        callback: Callable[[str, Any], Any] | None = None,
        no_ack: bool = True,
        on_message: Callable[[dict[str, Any]], Any] | None = None,
        disable_sync_subtasks: bool = True,
        on_interval: Callable[[], Any] | None = None,
    ) -> list[Any]:
        """What each has returned, in order, once all are ready; raises what the first that failed has raised.

        `callback(id, value)` is called for each, in order. Blocks up to `timeout` seconds (`TimeoutError`).
        """
        if disable_sync_subtasks:
            assert_will_not_block()
        if not self.results and self.parent is not None:
            # Nothing to wait for but what comes before it, which may have failed.
            self.parent.get(timeout=timeout, propagate=propagate, disable_sync_subtasks=False)
        for _, meta in self.iter_native(timeout, interval, no_ack, on_message, on_interval):
            if propagate and meta["status"] in states.PROPAGATE_STATES:
                break
        return self._values(self.metas(), propagate, callback)

    def _values(self, leaves: Iterator[Any], propagate: bool, callback: Callable[[str, Any], Any] | None) -> list[Any]:
        values: list[Any] = []
        for each in self.results:
            if isinstance(each, ResultSet):
                values.append(each._values(leaves, propagate, callback))
                continue
            result, meta = next(leaves)
            if meta is not None and propagate and meta["status"] in states.PROPAGATE_STATES:
                result.maybe_throw()
            values.append(meta["result"] if meta is not None else None)
            if callback is not None:
                callback(result.id, values[-1])
        return values

    join = join_native = get

    def then(self, callback: Callable[[Any], Any], on_error: Any = None, weak: bool = False) -> None:
        """Call `callback(self)` on the listener's thread when all are ready."""
        left = {each.id for each in self.leaves()}

        def one(result: Any) -> None:
            left.discard(result.id)
            if not left:
                (callback if on_error is None or self.successful() else on_error)(self)

        for each in list(self.leaves()):
            each.then(one)

    def forget(self) -> None:
        """Drop the records."""
        self.app.results.forget([each.id for each in self.leaves()])

    def revoke(
        self,
        connection: Any = None,
        terminate: bool = False,
        signal: Any = None,
        wait: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Have no worker begin any of the calls, as `AsyncResult.revoke`; all are told of in one message."""
        ids = [each.id for each in self.leaves()]
        self.app.control.revoke(ids, terminate=terminate, signal=signal, reply=wait, timeout=timeout)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.results)

    def __getitem__(self, index: Any) -> Any:
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)

    def __eq__(self, other: object) -> bool:
        return list(other.results) == list(self.results) if isinstance(other, ResultSet) else NotImplemented

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: [{', '.join(each.id for each in self.results[:10])}]>"
