"""Messages on their way to the broker: batched naturally, tried again for as long as the policy says."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import count, islice
from queue import SimpleQueue
from typing import Any

from umbel import clock
from umbel.app.commit import GroupCommit
from umbel.contracts.transport import Transport
from umbel.exceptions import TemporaryError
from umbel.model.message import Message

#: Messages of one batch, where there are many.
_AT_ONCE = 1000
#: Messages, and a future of `concurrent.futures` or of a loop of asyncio, which is not imported here.
_Posted = tuple[Sequence[Message], Any]


class Publisher:
    """One for each app: callers publish through it together; coroutines wait on its futures."""

    def __init__(self, transport: Transport, observe: Any = None, patience_s: float | None = None) -> None:
        """`patience_s` are the seconds that tries after the first one may take together; None: as many as they do."""
        self._transport = transport
        self._observe = observe
        self._patience_s = patience_s
        self._commits: GroupCommit[Message] = GroupCommit(
            transport.publish if "delayed" in transport.features else self._publish_now
        )
        self._posted: SimpleQueue[_Posted | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def publish(self, messages: Sequence[Message], policy: Mapping[str, Any] | None = None) -> None:
        """Blocks until the broker has them. After `TemporaryError` tries again as `policy` says (Celery's
        `task_publish_retry_policy`: `max_retries`, `interval_start`, `interval_step`, `interval_max`, in seconds)."""
        try:
            self._commits.submit(messages)
        except TemporaryError as error:
            self._insist(messages, policy or {"max_retries": 0}, error)
        if self._observe is not None:
            for message in messages:
                self._observe(message=message)

    def _publish_now(self, messages: Sequence[Message]) -> None:
        """For a broker that cannot delay: whoever receives a message too early waits (the step `eta`)."""
        for message in messages:
            message.due = None
        self._transport.publish(messages)

    def _insist(self, messages: Sequence[Message], policy: Mapping[str, Any], error: TemporaryError) -> None:
        """Try again. A broker that refuses is asked as often as the policy says; of one that does not answer, as often
        as there is patience for, but twice: an idle connection may have been lost without a sign."""
        patience_s = self._patience_s if policy.get("max_retries", 3) is not None else None
        spent_s = 0.0
        for pause_s in _pauses(policy):
            clock.sleep(pause_s)
            began = clock.monotonic()
            try:
                self._commits.submit(messages)
                return
            except TemporaryError as again:
                error = again
            took_s = clock.monotonic() - began
            spent_s += took_s
            if patience_s is not None and spent_s + took_s > patience_s:
                break
        raise error

    def post(self, messages: Sequence[Message], future: Any = None) -> Any:
        """Publish from the publisher's own thread; never blocks. Returns a future, or resolves that of the caller's
        event loop."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="umbel-publisher", daemon=True)
                self._thread.start()
        future = future or Future()
        self._posted.put((messages, future))
        return future

    def publish_all(self, messages: Iterable[Message]) -> None:
        """Publish many, in batches: while the broker takes one, the next is made.

        Blocks until the broker has them all. Raises as `publish`; then some may have been published.
        """
        messages = iter(messages)
        under_way: deque[Future[None]] = deque()
        while batch := list(islice(messages, _AT_ONCE)):
            if len(batch) < _AT_ONCE and not under_way:  # that is all: nothing is made meanwhile
                self.publish(batch, {"max_retries": 3})
                return
            under_way.append(self.post(batch))
            if len(under_way) > 1:
                under_way.popleft().result()
        while under_way:
            under_way.popleft().result()

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch = [self._posted.get()]
            while not self._posted.empty():
                batch.append(self._posted.get())
            is_open = None not in batch
            if posted := [each for each in batch if each is not None]:
                self._deliver(posted)

    def _deliver(self, batch: Sequence[_Posted]) -> None:
        problem: BaseException | None = None
        try:
            self.publish([message for messages, _ in batch for message in messages], {"max_retries": 3})
        except BaseException as error:  # whoever awaits it shall see it
            if len(batch) > 1 and not isinstance(error, TemporaryError):  # find out whose message it was
                for posted in batch:
                    self._deliver([posted])
                return
            problem = error
        by_loop: defaultdict[Any, list[Any]] = defaultdict(list)
        for _, future in batch:
            by_loop[None if isinstance(future, Future) else future.get_loop()].append(future)
        _resolve(by_loop.pop(None, ()), problem)
        for loop, futures in by_loop.items():
            with suppress(RuntimeError):  # It is closed: nobody waits there.
                loop.call_soon_threadsafe(_resolve, futures, problem)

    def close(self) -> None:
        """Publish what was posted and end the thread. Blocks."""
        if self._thread is not None:
            self._posted.put(None)
            self._thread.join()
            self._thread = None


def _pauses(policy: Mapping[str, Any]) -> Iterator[float]:
    """Seconds before each further try."""
    most = policy.get("max_retries", 3)
    start, step = policy.get("interval_start", 0), policy.get("interval_step", 0.2)
    for attempt in count() if most is None else range(most):
        yield float(min(start + step * attempt, policy.get("interval_max", 1)))


def _resolve(futures: Sequence[Any], problem: BaseException | None) -> None:
    for future in futures:
        if not future.done():  # cancelled: nobody waits for it any longer
            future.set_result(None) if problem is None else future.set_exception(problem)
