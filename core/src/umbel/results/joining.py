"""Whether a task may wait for another task's result: in a pool whose slots are few it may wait for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

from umbel.execution.context import running

_allowed: ContextVar[bool] = ContextVar("umbel_join_allowed", default=False)


def task_join_will_block() -> bool:
    """True inside a task of a pool in which waiting for a result occupies a slot."""
    frame = running()
    return frame is not None and frame.guards_join


def assert_will_not_block() -> None:
    """Raises `RuntimeError` inside such a task, unless `allow_join_result` says otherwise."""
    if task_join_will_block() and not _allowed.get():
        raise RuntimeError(
            "Never call result.get() within a task! It occupies a slot of the pool while it waits, and may wait for"
            " itself. Use a callback (link), a chain or a chord; or, knowing better, `with allow_join_result():` or"
            " get(disable_sync_subtasks=False)."
        )


def allow_join_result() -> AbstractContextManager[None]:
    """Waiting is allowed inside."""
    return _joining(allowed=True)


def denied_join_result() -> AbstractContextManager[None]:
    """Waiting is refused inside."""
    return _joining(allowed=False)


@contextmanager
def _joining(allowed: bool) -> Iterator[None]:
    token = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(token)
