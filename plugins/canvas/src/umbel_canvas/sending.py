"""Members of groups and headers of chords on their way to the broker, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from umbel import Task
from umbel_canvas.ids import MemberIds, member_id
from umbel_canvas.making import kind_of
from umbel_canvas.steps import terminal
from umbel_canvas.trees import Row, tree_of

#: Messages in one publish: the client holds so many, however large a group is.
AT_ONCE = 500


def call_of(signature: Any, args: Sequence[Any], kwargs: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Any:
    """The checked call of a plain signature; None if its task has a way of its own to be sent."""
    merged, named, given = signature.merged(args, kwargs or {}, options)
    app = signature.app
    task = signature._type or app.tasks.get(signature.task)
    link, link_error, task_id = given.pop("link", None), given.pop("link_error", None), given.pop("task_id", None)
    shadow = given.pop("shadow", None)
    if task is not None:
        if type(task).apply_async is not Task.apply_async:
            return None
        if app.strict_typing if task.typing is None else task.typing:
            task.check_arguments(merged, named)
        shadow = shadow or task.shadow_name(merged, named, given)
    given["add_to_parent"] = False  # the group is the child, not each of its members
    return app.sender.call(signature.task, merged, named, task, task_id, link, link_error, shadow, given)


def send_calls(app: Any, calls: Iterable[Any]) -> None:
    """Publish calls in batches. Blocks until the broker has them all; raises as `Task.apply_async`."""
    calls = iter(calls)
    while batch := list(islice(calls, AT_ONCE)):
        app.sender.send_all(batch)


def send_members(
    group: Any, args: Sequence[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any], results: Any
) -> Row:
    """Send the members of a group; `results` gets theirs. Those that are workflows are begun one by one."""
    ids: MemberIds = results.ids
    row = Row(ids.group_id)

    def calls() -> Iterator[Any]:
        for index, member in enumerate(group.members()):
            place = {**options, "group_index": index}
            if kind_of(member) != "task":
                made = member.load() if kind_of(member) == "reference" else member.clone()
                made.freeze()
                results.add(made.apply_async(args, kwargs, **{**place, "add_to_parent": False}))
                row.add(tree_of(made))
                continue
            task_id = member.id or member_id(ids.group_id, index)
            ids.append(task_id)
            row.add({"k": "task", "n": member["task"], "i": task_id})
            call = call_of(member, args, kwargs, {**place, "task_id": task_id})
            if call is not None:
                yield call
            else:
                member.apply_async(args, kwargs, **{**place, "task_id": task_id, "add_to_parent": False})

    send_calls(group.app, calls())
    return row


def settled(member: Any, group_id: str, index: int, body: Any) -> tuple[Any, str]:
    """A member of a header that knows its place in the chord, and the id of the call that is counted."""
    if kind_of(member) == "task":
        return member, member.id or member_id(group_id, index)
    made = terminal(member.clone() if kind_of(member) != "reference" else member)
    return made, str(made.freeze(None, group_id=group_id, group_index=index, chord=body).id)
