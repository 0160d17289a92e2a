"""A call that is not made yet, as a part of workflows: what `task.s()` makes where this plugin is installed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from umbel import api
from umbel.app.signature import Signature as KernelSignature
from umbel.app.signature import signature
from umbel_canvas import stamping
from umbel_canvas.ids import new_id


class Signature(KernelSignature):
    """Celery's `Signature`. Its serialized form is itself: a dict that Celery's workers read."""

    #: The classes of the serialized forms that are more than one call, by their `subtask_type`.
    TYPES: ClassVar[dict[str, type[Signature]]] = {}

    @classmethod
    def register_type(cls, name: str | None = None) -> Callable[[type[Signature]], type[Signature]]:
        """A class decorator: serialized signatures of this `subtask_type` become this class."""

        def register(kind: type[Signature]) -> type[Signature]:
            cls.TYPES[name or kind.__name__] = kind
            return kind

        return register

    @classmethod
    def from_dict(cls, described: Mapping[str, Any], app: Any = None) -> Any:
        """The signature that a dict describes; one of a workflow becomes an object of its class."""
        kind = cls.TYPES.get(str(described.get("subtask_type")))
        if kind is not None and kind is not cls:
            return kind.from_dict(described, app=app)
        return signature(described, app=app)

    @property
    def name(self) -> str:
        return self.task

    @property
    def subtask_type(self) -> str | None:
        return self.get("subtask_type")

    @property
    def parent_id(self) -> str | None:
        return self.options.get("parent_id")

    @property
    def root_id(self) -> str | None:
        return self.options.get("root_id")

    @property
    def AsyncResult(self) -> Any:
        """The class of results of this call's app."""
        return self.app.AsyncResult

    # Calling.

    def __call__(self, *partial: Any, **kwargs: Any) -> Any:
        """Run the task here, as the function that it is."""
        args, named, _ = self.merged(partial, kwargs, {})
        return self.type(*args, **named)

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        route_name: str | None = None,
        **options: Any,
    ) -> Any:
        """Send it; returns its result. Blocks until the broker has the message."""
        if options.get("chain"):
            options["chain"] = api.load("reference").fitted(self, options, options["chain"][::-1])[::-1]
        return super().apply_async(args, kwargs, route_name, **options)

    def apply(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Run it here and now; returns an `EagerResult`."""
        merged, named, opts = self.merged(args or (), kwargs or {}, options)
        return self.type.apply(merged, named, **opts)

    def __invert__(self) -> Any:
        """`~sig`: send it and wait for what it returns."""
        return self.apply_async().get()

    def __or__(self, other: Any) -> Any:
        return api.load("chain").joined(self, other)

    __ior__ = __or__

    # Copies.

    def clone(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """A copy with more arguments or options."""
        merged, named, opts = self.merged(args or (), kwargs or {}, options)
        made = type(self).from_dict({**self, "args": merged, "kwargs": named, "options": _copied(opts)}, app=self._app)
        made._type = self._type
        return made

    partial = clone

    def replace(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        """A copy with other arguments or options; those that are None stay."""
        made = self.clone()
        for key, value in (("args", args), ("kwargs", kwargs), ("options", options)):
            if value is not None:
                made[key] = value
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = type(self).from_dict(copy.deepcopy(dict(self), memo), app=self._app)
        made._type = self._type
        return made

    # Options.

    def set_immutable(self, immutable: bool) -> None:
        """Whether it takes over what comes before it."""
        self["immutable"] = immutable

    def freeze(self, _id: str | None = None, **place: Any) -> Any:
        """Give it the id under which it will be sent, and its place: `group_id`, `group_index`, `chord`, `root_id`,
        `parent_id`. Returns its result."""
        self.options.update({key: value for key, value in place.items() if value is not None})
        task_id = self.options.setdefault("task_id", _id or new_id())
        return self.app.AsyncResult(task_id, task_name=self.task)

    def link(self, callback: Any) -> Any:
        """Send `callback` with the result, once the task has succeeded."""
        return self.append_to_list_option("link", callback)

    def link_error(self, errback: Any) -> Any:
        """Call `errback` when the task has failed."""
        return self.append_to_list_option("link_error", errback)

    def on_error(self, errback: Any) -> Any:
        """As `link_error`, but returns the signature."""
        self.link_error(errback)
        return self

    def append_to_list_option(self, key: str, value: Any) -> Any:
        """Add to an option that is a list, unless it is in there."""
        listed = self.options.get(key) or []
        listed = self.options[key] = list(listed) if isinstance(listed, (list, tuple)) else [listed]
        if value not in listed:
            listed.append(value)
        return value

    def extend_list_option(self, key: str, value: Any) -> None:
        """Add one or several."""
        for each in value if isinstance(value, (list, tuple)) else [value]:
            self.append_to_list_option(key, each)

    def flatten_links(self) -> list[Any]:
        """This one, its links and theirs."""
        found = [self]
        for callback in self.options.get("link") or ():
            found += signature(callback, app=self._app).flatten_links()
        return found

    # Stamps.

    def stamp(self, visitor: Any = None, append_stamps: bool = False, **headers: Any) -> None:
        """Set headers by which calls can be found again; see `StampingVisitor`."""
        stamping.stamp(self, visitor, append_stamps, headers)

    def stamp_links(self, visitor: Any, append_stamps: bool = False, **headers: Any) -> None:
        """Stamp the callbacks and errbacks."""
        stamping.stamp_links(self, visitor, append_stamps, headers)

    def reprcall(self, *args: Any, **kwargs: Any) -> str:
        """How the call looks with these arguments."""
        merged, named, _ = self.merged(args, kwargs, {})
        shown = [repr(arg) for arg in merged] + [f"{key}={value!r}" for key, value in named.items()]
        return f"{self.task}({', '.join(shown)})"

    def __repr__(self) -> str:
        return self.reprcall()


def _copied(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, list) else value for key, value in options.items()}
