"""`task.request`: what a running task may know about its call; and which task runs here now."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

from attrs import define


class Context:
    """The request of a running task, with Celery's fields; those that were not given have these defaults."""

    args: Any = None
    callbacks: Any = None
    called_directly: bool = True
    chain: Any = None
    chord: Any = None
    correlation_id: str | None = None
    delivery_info: dict[str, Any] | None = None
    errbacks: Any = None
    eta: str | None = None
    expires: str | None = None
    group: str | None = None
    group_index: int | None = None
    headers: dict[str, Any] | None = None
    hostname: str | None = None
    id: str | None = None
    ignore_result: bool = False
    is_eager: bool = False
    kwargs: Any = None
    logfile: str | None = None
    loglevel: int | None = None
    origin: str | None = None
    parent_id: str | None = None
    properties: dict[str, Any] | None = None
    replaced_task_nesting: int = 0
    reply_to: str | None = None
    retries: int = 0
    root_id: str | None = None
    shadow: str | None = None
    stamped_headers: Any = None
    stamps: Any = None
    taskset: str | None = None
    timelimit: Any = None
    utc: bool | None = None
    _children: list[Any] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.update(*args, **kwargs)

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Context:
        """A request that takes over `fields`: nothing is copied, for the way of a task."""
        made = cls.__new__(cls)
        made.__dict__ = fields
        return made

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set fields."""
        self.__dict__.update(*args, **kwargs)

    def clear(self) -> None:
        """Back to the defaults."""
        self.__dict__.clear()

    def get(self, key: str, default: Any = None) -> Any:
        """A field, or `default`."""
        return getattr(self, key, default)

    @property
    def time_limit(self) -> float | None:
        return self.timelimit[0] if self.timelimit else None

    @property
    def soft_time_limit(self) -> float | None:
        return self.timelimit[1] if self.timelimit else None

    @property
    def children(self) -> list[Any]:
        """The results of the tasks that this one has sent."""
        if self._children is None:
            self._children = []
        return self._children

    def as_execution_options(self) -> dict[str, Any]:
        """The options that send this call again as it is."""
        limit_hard, limit_soft = self.timelimit or (None, None)
        return {
            "task_id": self.id,
            "root_id": self.root_id,
            "parent_id": self.parent_id,
            "group_id": self.group,
            "group_index": self.group_index,
            "shadow": self.shadow,
            "chord": self.chord,
            "chain": self.chain,
            "link": self.callbacks,
            "link_error": self.errbacks,
            "expires": self.expires,
            "soft_time_limit": limit_soft,
            "time_limit": limit_hard,
            "headers": self.headers,
            "retries": self.retries,
            "reply_to": self.reply_to,
            "replaced_task_nesting": self.replaced_task_nesting,
            "origin": self.origin,
            "ignore_result": self.ignore_result,
            "stamped_headers": self.stamped_headers,
            **(self.stamps or {}),
        }

    def __repr__(self) -> str:
        return f"<Context: {self.__dict__!r}>"


@define(slots=True, eq=False)
class Frame:
    """A task that runs, and the one that called it in this same thread (or coroutine), if there is one."""

    task: Any
    request: Context
    outer: Frame | None
    #: Waiting for another task's result in here may block the slot for ever.
    guards_join: bool = False


_running: ContextVar[Frame | None] = ContextVar("umbel_running", default=None)


def running() -> Frame | None:
    """The innermost task that runs here now."""
    return _running.get()


def push(task: Any, request: Context, guards_join: bool = False) -> Token[Frame | None]:
    """Begin a run; give what is returned to `pop`."""
    return _running.set(Frame(task, request, _running.get(), guards_join))


def pop(token: Token[Frame | None]) -> None:
    """End a run."""
    _running.reset(token)


def drop() -> None:
    """End the innermost run here."""
    frame = _running.get()
    _running.set(frame.outer if frame is not None else None)


def request_of(task: Any) -> Context | None:
    """The request of the innermost run of `task` here, if it runs."""
    frame = _running.get()
    while frame is not None:
        if frame.task is task:
            return frame.request
        frame = frame.outer
    return None
