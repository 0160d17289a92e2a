"""Chains: one call after the other, each with what the one before it returned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from umbel import signature
from umbel_canvas import eagerly
from umbel_canvas.checking import checked
from umbel_canvas.operators import join
from umbel_canvas.options import options_of
from umbel_canvas.signature import Signature
from umbel_canvas.steps import compiled, terminal
from umbel_canvas.tracking import tracked
from umbel_canvas.workflow import PLACE, Workflow, rest_of, signatures


@Signature.register_type("chain")
class chain(Workflow):
    """`chain(add.s(2, 2), add.s(4))`, the same as `add.s(2, 2) | add.s(4)`."""

    task_name, kind = "celery.chain", "chain"

    def __new__(cls, *tasks: Any, app: Any = None, **options: Any) -> Any:
        given = tasks[0] if len(tasks) == 1 and not isinstance(tasks[0], Mapping) else tasks
        steps = signatures(given, app)
        made = reduce(join, steps) if len(steps) > 1 else cls.of(steps, app)
        made.options.update(options)
        return made

    def __init__(self, *tasks: Any, app: Any = None, **options: Any) -> None:
        """All is done: what `|` makes of steps need not be a chain."""

    @classmethod
    def of(cls, steps: Iterable[Any], app: Any = None) -> Any:
        """A chain of these steps as they are."""
        made = super().__new__(cls)
        Workflow.__init__(made, {"tasks": list(steps)}, app)
        return made

    @classmethod
    def from_dict(cls, described: Mapping[str, Any], app: Any = None) -> Any:
        made = cls.of(signatures(described["kwargs"].get("tasks") or (), app), app)
        made.update({key: described[key] for key in ("args", "options", "immutable") if key in described})
        return made

    @staticmethod
    def joined(left: Any, right: Any) -> Any:
        """`left | right`."""
        return join(left, signature(right) if type(right) is dict else right)

    @property
    def tasks(self) -> list[Any]:
        tasks: list[Any] = self.parts["tasks"]
        return tasks

    @tasks.setter
    def tasks(self, tasks: Iterable[Any]) -> None:
        self.parts["tasks"] = list(tasks)

    def nodes(self) -> Iterable[Any]:
        return self.tasks

    def clone(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        made = self.carry_over(chain.of([each.clone() for each in self.tasks], self._app))
        made["args"], _, made["options"] = self.merge(args, kwargs, options)
        return made

    partial = clone

    def unchain_tasks(self) -> list[Any]:
        """Copies of the steps, with what was given and linked to the chain as a whole."""
        steps = [each.clone() for each in self.tasks]
        for errback in self.options.get("link_error") or ():
            for step in steps:
                step.link_error(errback)
        if steps:
            for callback in self.options.get("link") or ():
                steps[-1].link(callback)
            steps[0] = steps[0].clone(self.args)
            steps[0]["immutable"] = steps[0].immutable or self.immutable
        return steps

    def settle(self) -> None:
        """Make the steps those that are sent."""
        self.tasks = compiled(self.unchain_tasks(), self.app)
        self["args"] = ()
        for key in ("link", "link_error"):
            self.options.pop(key, None)

    def freeze(self, _id: str | None = None, **place: Any) -> Any:
        """Settles the steps and gives each its id; returns the result of the last one, with the others as parents."""
        place = {**{key: self.options.pop(key, None) for key in PLACE}, **place}
        self.settle()
        if place.get("chord") is not None:
            self.tasks = [*self.tasks[:-1], *map(terminal, self.tasks[-1:])]
        result: Any = None
        for number, step in enumerate(self.tasks, 1):
            last = number == len(self.tasks)
            made = step.freeze(self.options.get("task_id") or _id, **place) if last else step.freeze()
            first = made
            while first.parent is not None:
                first = first.parent
            first.parent = result
            result = made
        if result is not None:
            self.options["task_id"] = result.id
        return result

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        route_name: str | None = None,
        **options: Any,
    ) -> Any:
        """Send the first step; returns the result of the last one, or None if there is no step."""
        args, kwargs, options = self.merge(args, kwargs, options)
        work = checked(self).clone()
        work["args"] = ()
        work.tasks += rest_of(options, self.app)
        for key in ("link", "link_error"):
            work.extend_list_option(key, options.pop(key, None) or ())
        if options_of(self.app).is_eager:
            return work.apply(args, kwargs, **options)
        self.lineage(options)
        result = work.freeze(options.pop("task_id", None), **{key: options.pop(key, None) for key in PLACE})
        if result is None:
            return None
        first, *rest = work.tasks
        with tracked(self.app, work, result, options):
            first.apply_async(args, kwargs, chain=rest[::-1] or None, **{**options, "add_to_parent": False})
        return self.remember(result, options)

    run = apply_async

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.apply_async(args, kwargs) if self.tasks else None

    def apply(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        args, kwargs, options = self.merge(args, kwargs, options)
        work = self.clone()
        work["args"] = ()
        work.settle()
        return eagerly.chain(work.tasks, args, kwargs, options)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.tasks)) or f"<{type(self).__name__}@{id(self):#x}: empty>"
