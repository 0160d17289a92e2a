"""Which app is meant where none is named.

Unlike in Celery a second app does not silently take over from the first: the current app is that of the running task,
else the one that `set_current` named in this thread, else the default, which is the first that was made.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from umbel.exceptions import ImproperlyConfigured
from umbel.execution.context import running

if TYPE_CHECKING:
    from umbel.app.app import Umbel

_thread = threading.local()
_default: Umbel | None = None
_lock = threading.Lock()


def get_current_app() -> Umbel:
    """The current app; raises `ImproperlyConfigured` if there is none."""
    frame = running()
    if frame is not None:
        app: Umbel = frame.task.app
        return app
    named: Umbel | None = getattr(_thread, "app", None)
    found = named or _default
    if found is None:
        raise ImproperlyConfigured("no app was made yet: expected app = Umbel('name') before this call")
    return found


def set_current(app: Umbel | None) -> None:
    """Make `app` the current one in this thread; None takes that back."""
    _thread.app = app


def set_default(app: Umbel | None) -> None:
    """Make `app` the default for all threads."""
    global _default
    _default = app


def offer_default(app: Umbel) -> None:
    """Make `app` the default if there is none yet."""
    global _default
    with _lock:
        if _default is None:
            _default = app


def forget(app: Umbel) -> None:
    """`app` is closed: it is neither the default nor the current one any more."""
    global _default
    with _lock:
        if _default is app:
            _default = None
    if getattr(_thread, "app", None) is app:
        _thread.app = None


class _Proxy:
    """Stands for something that is looked up at each use."""

    __slots__ = ("_find",)

    def __init__(self, find: Any) -> None:
        object.__setattr__(self, "_find", find)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._find(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._find(), name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._find()(*args, **kwargs)

    def __bool__(self) -> bool:
        try:
            return self._find() is not None
        except ImproperlyConfigured:
            return False

    def __eq__(self, other: object) -> bool:
        return bool(self._find() == other)

    def __hash__(self) -> int:
        return hash(self._find())

    def __repr__(self) -> str:
        try:
            return repr(self._find())
        except ImproperlyConfigured:
            return "<no app>"


def get_current_task() -> Any:
    """The task that runs here, or None."""
    frame = running()
    return frame.task if frame is not None else None


current_app: Any = _Proxy(get_current_app)
current_task: Any = _Proxy(get_current_task)
