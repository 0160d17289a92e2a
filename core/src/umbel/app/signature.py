"""A call that is not made yet: which task, with which arguments and options. Celery's serialized form is the dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from umbel import api
from umbel.app.current import current_app

#: Options that a merge never replaces once they are set.
_IMMUTABLE_OPTIONS = frozenset({"group_id", "stamped_headers"})


class Signature(dict[str, Any]):
    """`add.s(1, 2)`. Can be passed to other tasks as an argument or as a `link`; compares and travels as a dict.

    What joins signatures to workflows comes with the package that provides `umbel.Signature`, which is one of these.
    """

    def __init__(
        self,
        task: Any = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        type: Any = None,
        subtask_type: str | None = None,
        immutable: bool = False,
        app: Any = None,
        **extra: Any,
    ) -> None:
        self._app = app
        self._type = type
        if isinstance(task, Mapping):
            super().__init__(task)
            return
        name = task if isinstance(task, str) or task is None else task.name
        if name is not task:
            self._type = task
        super().__init__(
            task=name,
            args=tuple(args or ()),
            kwargs=dict(kwargs or {}),
            options={**(options or {}), **extra},
            subtask_type=subtask_type,
            immutable=immutable,
        )

    @property
    def task(self) -> str:
        return str(self["task"])

    @property
    def args(self) -> tuple[Any, ...]:
        return tuple(self.get("args") or ())

    @property
    def kwargs(self) -> dict[str, Any]:
        return dict(self.get("kwargs") or {})

    @property
    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = self.setdefault("options", {})
        return options

    @property
    def immutable(self) -> bool:
        return bool(self.get("immutable"))

    @property
    def id(self) -> str | None:
        return self.options.get("task_id")

    @property
    def app(self) -> Any:
        return self._app or (self._type.app if self._type is not None else current_app)

    @property
    def type(self) -> Any:
        """The task itself; raises `NotRegistered` if it is not known here."""
        return self._type or self.app.tasks[self.task]

    def merged(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
        """Arguments and options of a call: partial arguments go in front; an immutable signature takes none."""
        given = {key: value for key, value in options.items() if value is not None}
        kept = {key: value for key, value in self.options.items() if key in _IMMUTABLE_OPTIONS and value}
        merged = {**self.options, **given, **kept}
        if self.immutable:
            return self.args, self.kwargs, merged
        return (*args, *self.args), {**self.kwargs, **kwargs}, merged

    def delay(self, *partial: Any, **kwargs: Any) -> Any:
        """`apply_async` with partial arguments."""
        return self.apply_async(partial, kwargs)

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        route_name: str | None = None,
        **options: Any,
    ) -> Any:
        """Send it; returns an `AsyncResult`. Blocks until the broker has the message."""
        merged, named, opts = self.merged(args or (), kwargs or {}, options)
        task = self._type or self.app.tasks.get(self.task)
        if task is not None:
            return task.apply_async(merged, named, **opts)
        return self.app.send_task(self.task, merged, named, **opts)

    def set(self, immutable: bool | None = None, **options: Any) -> Signature:
        """Set options; returns itself."""
        if immutable is not None:
            self["immutable"] = immutable
        self.options.update(options)
        return self

    def __repr__(self) -> str:
        shown = [repr(arg) for arg in self.args] + [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"{self.task}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def __json__(self) -> dict[str, Any]:
        return dict(self)


@cache
def kind() -> type[Signature]:
    """The class of signatures: that of the plugin which adds workflows, or, where none is installed, the one above."""
    try:
        return cast("type[Signature]", api.load("Signature"))
    except (AttributeError, ImportError):
        return Signature


def signature(described: Any, *args: Any, app: Any = None, **kwargs: Any) -> Any:
    """A `Signature` of a task's name, a task, or a serialized signature (which may be a workflow)."""
    if isinstance(described, Signature):
        return described
    if isinstance(described, Mapping):
        workflow = described.get("subtask_type")
        if workflow:
            return api.load(workflow).from_dict(described, app=app)
        return kind()(described, app=app)
    return kind()(described, *args, **{"app": app, **kwargs})


def maybe_signature(described: Any, app: Any = None) -> Any:
    """As `signature`, but None stays None."""
    return None if described is None else signature(described, app=app)
