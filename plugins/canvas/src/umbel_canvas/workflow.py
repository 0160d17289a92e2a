"""What chains, groups and chords have in common: they are signatures of more than one call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from umbel import signature
from umbel.app.current import current_app
from umbel.execution.context import running
from umbel_canvas.signature import Signature

#: Options that say where a call belongs; the rest is about how it is sent.
PLACE = ("group_id", "group_index", "chord")


class Workflow(Signature):
    """Nothing of it is sent until `apply_async`, which leaves it as it was: it can be sent again."""

    #: Celery's name of the task that it would be.
    task_name = ""
    kind = ""

    def __init__(self, kwargs: Mapping[str, Any], app: Any = None, **options: Any) -> None:
        super().__init__(self.task_name, (), kwargs, options=options, app=app)
        # The serialized parts are looked at and replaced in place: this is their home, not a copy of it.
        self["kwargs"] = dict(kwargs)
        self["subtask_type"] = self.kind

    @property
    def parts(self) -> dict[str, Any]:
        """What it is made of, by Celery's names."""
        parts: dict[str, Any] = self["kwargs"]
        return parts

    @property
    def app(self) -> Any:
        """That of the first call which knows one, else the current one."""
        if self._app is None:
            self._app = next((each._app for each in self.nodes() if getattr(each, "_app", None) is not None), None)
        return self._app or current_app

    def nodes(self) -> Iterable[Any]:
        """The signatures that it is made of directly; of a generator the first."""
        return ()

    def __reduce__(self) -> Any:
        return signature, (dict(self),)

    def carry_over(self, made: Any) -> Any:
        """`made` with this one's arguments, options and the rest of what a dict can say."""
        made.update({key: self[key] for key in ("args", "immutable") if key in self})
        made["options"] = dict(self.options)
        made._app = self._app
        return made

    def merge(
        self, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None, options: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
        """The arguments for the calls it begins with, and how they are sent."""
        merged = {**self.options, **{key: value for key, value in options.items() if value is not None}}
        merged.pop("producer", None)
        if self.immutable:
            return (), {}, merged
        return (*(args or ()), *self.args), dict(kwargs or {}), merged

    def lineage(self, options: dict[str, Any]) -> None:
        """A workflow that a task starts has that task as its parent."""
        frame = running()
        if frame is not None:
            request = frame.request
            options.setdefault("parent_id", request.id)
            options.setdefault("root_id", request.root_id or request.id)

    def remember(self, result: Any, options: Mapping[str, Any]) -> Any:
        """Have the task that starts it know it as a child."""
        frame = running()
        if frame is not None and options.get("add_to_parent", True) and frame.task.trail:
            frame.request.children.append(result)
        return result


def signatures(described: Iterable[Any], app: Any = None) -> list[Any]:
    """Signatures of serialized ones; those that are signatures stay."""
    return [signature(each, app=app) for each in described]


def rest_of(options: dict[str, Any], app: Any) -> list[Any]:
    """Takes the steps that follow out of the options, in their order: a chain travels reversed."""
    rest = signatures(reversed(options.pop("chain", None) or ()), app)
    for step in rest:
        step._app = step._app or app
    return rest
