"""Groups: calls that are made at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from umbel_canvas import eagerly, sending
from umbel_canvas.checking import checked
from umbel_canvas.groupresult import GroupResult
from umbel_canvas.ids import MemberIds, member_id, new_id
from umbel_canvas.making import kind_of, make_chord
from umbel_canvas.members import Stream, members_of
from umbel_canvas.options import options_of
from umbel_canvas.signature import Signature
from umbel_canvas.steps import compiled, terminal
from umbel_canvas.tracking import tracked
from umbel_canvas.workflow import PLACE, Workflow, rest_of


@Signature.register_type("group")
class group(Workflow):
    """`group(add.s(1, 1), add.s(2, 2))`, or of a list, or of a generator, which is read while the group is sent."""

    task_name, kind = "celery.group", "group"

    def __init__(self, *tasks: Any, app: Any = None, **options: Any) -> None:
        super().__init__({"tasks": members_of(tasks, app)}, app, **options)

    @classmethod
    def from_dict(cls, described: Mapping[str, Any], app: Any = None) -> Any:
        made = cls(described["kwargs"].get("tasks") or [], app=app)
        made.update({key: described[key] for key in ("args", "options", "immutable") if key in described})
        return made

    @property
    def tasks(self) -> list[Any]:
        """The members; reads a generator to its end."""
        if isinstance(self.parts["tasks"], Stream):
            self.parts["tasks"] = list(self.parts["tasks"])
        tasks: list[Any] = self.parts["tasks"]
        return tasks

    @tasks.setter
    def tasks(self, tasks: Iterable[Any]) -> None:
        self.parts["tasks"] = list(tasks)

    def nodes(self) -> Iterable[Any]:
        tasks = self.parts["tasks"]
        return tasks.ahead() if isinstance(tasks, Stream) else tasks

    def is_empty(self) -> bool:
        """Known to have no member. A generator has not been asked yet."""
        return not isinstance(self.parts["tasks"], Stream) and not self.parts["tasks"]

    def __len__(self) -> int:
        return len(self.tasks)

    def __bool__(self) -> bool:
        return not self.is_empty()

    def members(self) -> Iterator[Any]:
        """One after the other, those of nested groups in their places; reads a generator only as far as it is asked."""
        for each in self.parts["tasks"]:
            yield from _with(self, each).members() if kind_of(each) == "group" else (each,)

    def clone(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        made = self.carry_over(group(app=self._app))
        source = self.parts["tasks"]
        made.parts["tasks"] = source if isinstance(source, Stream) else [each.clone() for each in source]
        made["args"], _, made["options"] = self.merge(args, kwargs, options)
        return made

    partial = clone

    def as_chord(self, body: Any) -> Any:
        """A chord with this header, which keeps what was given to the group."""
        made = make_chord(self.parts["tasks"], body, self._app)
        made.update(args=self["args"], immutable=self["immutable"], options=dict(self.options))
        return made

    def set_immutable(self, immutable: bool) -> None:
        for each in self.tasks:
            each.set_immutable(immutable)

    def link(self, callback: Any) -> Any:
        """An immutable copy of the callback follows the first member, as in Celery."""
        return self.tasks[0].link(callback.clone().set(immutable=True)) if self.tasks else callback

    def link_error(self, errback: Any) -> Any:
        """A copy of the errback for each member."""
        for each in self.tasks:
            each.link_error(errback.clone().set(immutable=True))
        return errback

    def skew(self, start: float = 1.0, stop: float | None = None, step: float = 1.0) -> Any:
        """Give the members growing countdowns, in seconds, so that they do not begin at once."""
        countdown = start
        for each in self.tasks:
            each.set(countdown=countdown)
            countdown += step
            if stop is not None and countdown >= stop:
                countdown = start
        return self

    def freeze(self, _id: str | None = None, **place: Any) -> Any:
        """Give each member its id; returns the `GroupResult`."""
        group_id = self.options.setdefault("task_id", _id or new_id())
        self.tasks = list(self.members())
        results = []
        for index, each in enumerate(self.tasks):
            own = member_id(group_id, index) if kind_of(each) == "task" else None
            results.append(each.freeze(own, group_id=place.get("group_id"), group_index=index))
        return GroupResult(group_id, results, app=self.app)

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        route_name: str | None = None,
        **options: Any,
    ) -> Any:
        """Send all members, many at a time; returns a `GroupResult`."""
        if options.get("link") is not None or options.get("link_error") is not None:
            raise TypeError("a group cannot have a link or link_error: use a chord, or link its members")
        if options.get("chain") or options.get("chord"):
            steps = compiled([self.clone(), *rest_of(options, self.app)], self.app)
            return terminal(steps[0]).apply_async(args, kwargs, **options)
        args, kwargs, options = self.merge(args, kwargs, options)
        if options_of(self.app).is_eager:
            return self.apply(args, kwargs, **options)
        self.lineage(options)
        group_id = options.pop("task_id", None) or new_id()
        result = GroupResult(group_id, MemberIds(group_id), app=self.app)
        sent = {key: value for key, value in options.items() if key not in (*PLACE, "add_to_parent")}
        with tracked(self.app, checked(self), result, options) as track:
            row = sending.send_members(self, args, kwargs, {**sent, "group_id": group_id}, result.results)
            track.tree = {"k": "group", "i": group_id, "c": row.trees}
        return self.remember(result, options)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.apply_async(args, **options)

    def apply(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        args, kwargs, options = self.merge(args, kwargs, options)
        return eagerly.group(self.members(), self.app, args, kwargs, options)

    def __repr__(self) -> str:
        source = self.parts["tasks"]
        if isinstance(source, Stream):
            return "group(<generator>)"
        return f"group({', '.join(map(repr, source))})" if source else "group(<empty>)"


def _with(outer: group, inner: Any) -> Any:
    """A nested group's members take what was given to it."""
    return inner if not inner.args else _applied(inner)


def _applied(inner: Any) -> Any:
    made = inner.clone()
    made.tasks = [each.clone(inner.args) for each in made.tasks]
    return made
