"""Messages on their way to the broker: batched naturally, tried again for as long as the policy says."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

from umbel import clock
from umbel.app.commit import GroupCommit
from umbel.contracts.transport import Transport
from umbel.exceptions import TemporaryError
from umbel.model.message import Message

_Posted = tuple[Sequence[Message], "Future[None]"]


class Publisher:
    """One for each app: callers publish through it together; coroutines wait on its futures."""

    def __init__(self, transport: Transport, observe: Any = None) -> None:
        self._transport = transport
        self._observe = observe
        self._commits: GroupCommit[Message] = GroupCommit(transport.publish)
        self._posted: SimpleQueue[_Posted | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def publish(self, messages: Sequence[Message], policy: Mapping[str, Any] | None = None) -> None:
        """Blocks until the broker has them. After `TemporaryError` tries again as `policy` says (Celery's
        `task_publish_retry_policy`: `max_retries`, `interval_start`, `interval_step`, `interval_max`, in seconds)."""
        attempt = 0
        while True:
            try:
                self._commits.submit(messages)
                break
            except TemporaryError:
                pause = _pause(policy, attempt)
                if pause is None:
                    raise
                attempt += 1
            clock.sleep(pause)
        if self._observe is not None:
            for message in messages:
                self._observe(message=message)

    def post(self, messages: Sequence[Message]) -> Future[None]:
        """Publish from the publisher's own thread; never blocks."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="umbel-publisher", daemon=True)
                self._thread.start()
        future: Future[None] = Future()
        self._posted.put((messages, future))
        return future

    def _run(self) -> None:
        posted = self._posted.get()
        while posted is not None:
            batch = [posted]
            while not self._posted.empty():
                following = self._posted.get()
                if following is None:
                    self._deliver(batch)
                    return
                batch.append(following)
            self._deliver(batch)
            posted = self._posted.get()

    def _deliver(self, batch: Sequence[_Posted]) -> None:
        if len(batch) > 1:
            try:
                self.publish([message for messages, _ in batch for message in messages], {"max_retries": 3})
            except Exception:  # find out below whose message it was
                pass
            else:
                for _, future in batch:
                    future.set_result(None)
                return
        for messages, future in batch:
            try:
                self.publish(messages, {"max_retries": 3})
            except BaseException as error:  # whoever awaits it shall see it
                future.set_exception(error)
            else:
                future.set_result(None)

    def close(self) -> None:
        """Publish what was posted and end the thread. Blocks."""
        if self._thread is not None:
            self._posted.put(None)
            self._thread.join()
            self._thread = None


def _pause(policy: Mapping[str, Any] | None, attempt: int) -> float | None:
    """Seconds before the next try; None: no more."""
    if policy is None:
        return None
    most = policy.get("max_retries", 3)
    if most is not None and attempt >= most:
        return None
    start, step = policy.get("interval_start", 0), policy.get("interval_step", 0.2)
    return float(min(start + step * attempt, policy.get("interval_max", 1)))
