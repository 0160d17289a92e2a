"""Chords: a group, and a body that is called with what its members returned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from umbel import signature
from umbel_canvas import eagerly
from umbel_canvas.checking import checked
from umbel_canvas.groupresult import GroupResult
from umbel_canvas.heading import Header
from umbel_canvas.ids import member_id, new_id
from umbel_canvas.making import kind_of, make_group
from umbel_canvas.members import Stream, members_of
from umbel_canvas.options import options_of
from umbel_canvas.signature import Signature
from umbel_canvas.steps import compiled, followed, one, terminal
from umbel_canvas.tracking import tracked
from umbel_canvas.workflow import PLACE, Workflow, rest_of


@Signature.register_type("chord")
class chord(Workflow):
    """`chord([add.s(1, 1), add.s(2, 2)])(tsum.s())`, or `chord(header, body)`."""

    task_name, kind = "celery.chord", "chord"

    def __init__(
        self,
        header: Any,
        body: Any = None,
        task: str = "celery.chord",
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        app: Any = None,
        **options: Any,
    ) -> None:
        body = signature(body, app=app) if body is not None else None
        members: Any = members_of((header,), app)
        if isinstance(header, dict) and header.get("subtask_type") == "group":
            # What was given to the group is given to the chord; its id is that of the header.
            args = args or header.get("args") or ()
            frozen = (header.get("options") or {}).get("task_id")
            options = {**({"task_id": frozen} if frozen else {}), **options}
            members = make_group(members, app)
            members.options.update({"task_id": frozen} if frozen else {})
        super().__init__({"kwargs": dict(kwargs or {}), "header": members, "body": body}, app, **options)
        self["args"] = tuple(args)

    @classmethod
    def from_dict(cls, described: Mapping[str, Any], app: Any = None) -> Any:
        parts = described["kwargs"]
        made = cls(parts.get("header") or [], parts.get("body"), kwargs=parts.get("kwargs"), app=app)
        made.update({key: described[key] for key in ("args", "immutable") if described.get(key)})
        made.options.update(described.get("options") or {})
        return made

    @property
    def tasks(self) -> list[Any]:
        """The header; reads a generator to its end."""
        if isinstance(self.source, Stream):
            self.tasks = self.source
        tasks: list[Any] = self.source
        return tasks

    @tasks.setter
    def tasks(self, tasks: Iterable[Any]) -> None:
        header = self.parts["header"]
        if isinstance(header, dict):
            header["kwargs"]["tasks"] = list(tasks)
        else:
            self.parts["header"] = list(tasks)

    @property
    def source(self) -> Any:
        """The header as it was given: a list, or a generator that is read when it is sent."""
        header = self.parts["header"]
        return header["kwargs"]["tasks"] if isinstance(header, dict) else header

    @property
    def body(self) -> Any:
        return self.parts.get("body")

    @body.setter
    def body(self, body: Any) -> None:
        self.parts["body"] = body

    def nodes(self) -> Iterable[Any]:
        header = self.source.ahead() if isinstance(self.source, Stream) else self.tasks
        return [*header, *([self.body] if self.body is not None else [])]

    def members(self) -> Iterator[Any]:
        """The header, nested groups unrolled, each counting as one; reads a generator only as far as it is asked."""
        source = self.source if isinstance(self.source, Stream) else make_group(self.tasks, self._app).members()
        for each in source:
            yield from each.members() if kind_of(each) == "group" else (each,)

    def clone(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        made = self.carry_over(chord([], app=self._app))
        header: Any = self.parts["header"]
        source = self.source
        made.parts["header"] = source if isinstance(source, Stream) else [each.clone() for each in source]
        if isinstance(header, dict):
            grouped = make_group(made.parts["header"], self._app)
            grouped["options"] = dict(header["options"])
            made.parts["header"] = grouped
        made.body = self.body.clone() if self.body is not None else None
        made.parts["kwargs"] = {**self.parts.get("kwargs", {}), **(kwargs or {})}
        made["args"], _, made["options"] = self.merge(args, kwargs, options)
        return made

    partial = clone

    def set_immutable(self, immutable: bool) -> None:
        """Of the body, as in Celery."""
        if self.body is not None:
            self.body.set_immutable(immutable)

    def link(self, callback: Any) -> Any:
        """`callback` follows the body."""
        return self.body.link(callback)

    def link_error(self, errback: Any) -> Any:
        """Of the body; with `task_allow_error_cb_on_chord_header` of the header as well."""
        if self.app.conf.task_allow_error_cb_on_chord_header:
            for each in self.tasks:
                each.link_error(errback.clone().set(immutable=True))
        return self.body.link_error(errback)

    def freeze(self, _id: str | None = None, **place: Any) -> Any:
        """Give each call its id; returns the result of the body, with that of the header as its parent."""
        group_id = self.options.setdefault("task_id", new_id())
        if place.get("chord") is not None:
            self.body = terminal(self.body)
        result = self.body.freeze(_id, **place)
        header = make_group([terminal(each) for each in self.members()], self._app)
        header.options["task_id"] = group_id
        results = []
        for index, each in enumerate(header.tasks):
            own = member_id(group_id, index) if kind_of(each) == "task" else None
            results.append(each.freeze(own, group_index=index))
        self.parts["header"] = header
        first = result
        while first.parent is not None:
            first = first.parent
        first.parent = GroupResult(group_id, results, app=self.app)
        return result

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        route_name: str | None = None,
        **options: Any,
    ) -> Any:
        """Send the header; returns the result of the body. `countdown` and `eta` are those of the header."""
        task_id = options.pop("task_id", None)
        work = checked(self)._with(options)
        args, kwargs, options = work.merge(args, kwargs, options)
        if options_of(self.app).is_eager:
            return work.apply(args, kwargs, task_id=task_id, **options)
        self.lineage(options)
        group_id = options.pop("task_id", None) or new_id()
        for key in ("link", "link_error"):
            work.body.extend_list_option(key, options.pop(key, None) or ())
        place = {key: options.pop(key) for key in PLACE if options.get(key) is not None}
        if "chord" in place:
            work.body = terminal(work.body)
        result = work.body.freeze(task_id, root_id=options.get("root_id"), **place)
        header = Header(work, group_id, result)
        first = result
        while first.parent is not None:
            first = first.parent
        first.parent = GroupResult(group_id, header.ids, app=work.app)
        named = {**work.parts.get("kwargs", {}), **kwargs}
        with tracked(work.app, work, result, options) as track:
            track.tree = header.tree
            header.send(args, named, {key: value for key, value in options.items() if key != "add_to_parent"}, track)
        return self.remember(result, options)

    run = apply_async

    def __call__(self, body: Any = None, **options: Any) -> Any:
        return self.apply_async(body=body, **options)

    def _with(self, options: dict[str, Any]) -> Any:
        """A copy with its body, and with what follows it in a chain."""
        work = self.carry_over(chord([], app=self._app))
        work.parts.update(header=self.parts["header"], kwargs=self.parts.get("kwargs") or {})
        work.body = self.body.clone() if self.body is not None else None
        body = options.pop("body", None)
        if body is not None:
            work.body = signature(body, app=self._app).clone()
        if work.body is None:
            raise TypeError(f"a chord needs a body: chord(header, body) or chord(header)(body), found {self!r}")
        rest = rest_of(options, self.app)
        return followed(work, one(compiled(rest, self.app)), self.app) if rest else work

    def apply(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        work = self._with(options)
        args, kwargs, options = work.merge(args, kwargs, options)
        return eagerly.chord(work.members(), work.body, work.app, args, kwargs, options)

    def __repr__(self) -> str:
        shown = "<generator>" if isinstance(self.source, Stream) else ", ".join(map(repr, self.tasks))
        if self.body is None:
            return f"<chord without body: [{shown}]>"
        return f"%{self.body.task}([{shown}])" if kind_of(self.body) == "task" else f"%({self.body!r})([{shown}])"
