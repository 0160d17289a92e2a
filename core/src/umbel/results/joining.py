"""Whether a task may wait for another task's result: in a pool whose slots are few it may wait for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def allow_join_result() -> Iterator[None]:
    """Waiting is allowed inside."""
    token = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(token)


@contextmanager
def denied_join_result() -> Iterator[None]:
    """Waiting is refused inside."""
    token = _allowed.set(False)
    try:
        yield
    finally:
        _allowed.reset(token)
