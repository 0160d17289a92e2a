"""A coroutine that can be interrupted with an exception of one's choice, and let go of if it does not listen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class LetGo(BaseException):
    """The coroutine was let go of before it had ended."""


class Hold(Generic[T]):
    """`await Hold(coroutine)` is `await coroutine`, in a hold.

    What it is interrupted with is raised inside the coroutine, where that waits now. asyncio itself can only cancel:
    so the task is cancelled, which reaches whatever the coroutine waits for, and on the way back the `CancelledError`
    is exchanged. Everything here is called on the loop.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None
        self._interruption: BaseException | None = None

    def interrupt(self, error: BaseException) -> None:
        """Raise `error` inside of it."""
        self._interruption = error
        if self._task is not None:
            self._task.cancel()

    def let_go(self) -> None:
        """Close it; should it go on all the same, it is not waited for any more. The await raises `LetGo`."""
        self.interrupt(LetGo())

    def __await__(self) -> Generator[Any, Any, T]:
        self._task = asyncio.current_task()
        if self._interruption is not None and self._task is not None:
            self._task.cancel()
        resume, value = self._coroutine.send, None
        while True:
            try:
                awaited = resume(value)
            except StopIteration as end:
                result: T = end.value
                return result
            try:
                value = yield awaited
                resume = self._coroutine.send
            except BaseException as error:
                resume, value = self._coroutine.throw, error
            if self._interruption is not None:
                resume, value = self._coroutine.throw, self._take_interruption()
                if isinstance(value, LetGo):
                    self._close()
                    raise value

    def _take_interruption(self) -> BaseException | None:
        interruption, self._interruption = self._interruption, None
        if self._task is not None and hasattr(self._task, "uncancel"):  # Python 3.11: what it counts is not meant
            self._task.uncancel()
        return interruption

    def _close(self) -> None:
        try:
            self._coroutine.close()
        except BaseException:  # it raised something, or goes on: all that can be done was done
            return
