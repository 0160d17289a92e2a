"""`shared_task`: a task that belongs to every app, those that are made later included."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from umbel.app.current import get_current_app
from umbel.app.naming import task_name

_apps: weakref.WeakSet[Any] = weakref.WeakSet()
_shared: list[Callable[[Any], Any]] = []


class SharedTask:
    """Stands for the task of the current app. Pickles as its name."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        said = {key: getattr(function, key) for key in ("__doc__", "__module__", "__name__")}
        self.__dict__.update(said, name=name, __wrapped__=function)

    def _task(self) -> Any:
        return get_current_app().tasks[self.name]

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._task(), attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        setattr(self._task(), attribute, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._task()(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<@shared_task: {self.name}>"


def join(app: Any) -> None:
    """Give a new app every shared task there is, and those that will come."""
    _apps.add(app)
    for register in _shared:
        register(app)


def share(register: Callable[[Any], Any], besides: Any = None) -> None:
    """Call `register(app)` for every app, now and later."""
    _shared.append(register)
    for app in list(_apps):
        if app is not besides:
            register(app)


def shared_task(*args: Any, **options: Any) -> Any:
    """Make a function a task of all apps; with the arguments of `app.task`."""

    def create(function: Callable[..., Any]) -> SharedTask:
        name = options.get("name") or task_name(None, function.__name__, function.__module__)
        share(lambda app: app.create_task(function, **{**options, "name": name}))
        return SharedTask(name, function)

    if len(args) == 1 and callable(args[0]):
        return create(args[0])
    if args:
        raise TypeError("expected @shared_task or @shared_task(option=value), found positional arguments")
    return create
