"""Many calls of one task that differ in nothing but their arguments: what they share is decided once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar, overload

from umbel.app.sender import Call
from umbel.model.message import Message
from umbel.results.result import AsyncResult
from umbel.wire.brief import brief
from umbel.wire.ids import new_ids

R = TypeVar("R")


class SentResults(Sequence[AsyncResult[R]]):
    """The results of many calls, in their order. Each is made when it is asked for, so that a hundred thousand of them
    are a list of ids."""

    def __init__(self, ids: Sequence[str], task_name: str, app: Any, ignored: bool) -> None:
        self._ids, self._about, self._ignored = ids, (task_name, app), ignored

    @overload
    def __getitem__(self, index: int) -> AsyncResult[R]: ...
    @overload
    def __getitem__(self, index: slice) -> SentResults[R]: ...
    def __getitem__(self, index: int | slice) -> AsyncResult[R] | SentResults[R]:
        if isinstance(index, slice):
            return SentResults(self._ids[index], *self._about, self._ignored)
        result: AsyncResult[R] = AsyncResult(self._ids[index], None, *self._about)
        result.ignored = self._ignored
        return result

    def __len__(self) -> int:
        return len(self._ids)

    def __repr__(self) -> str:
        return f"<SentResults: {len(self)} of {self._about[0]}>"


def send(task: Any, first: Call, others: Iterator[Sequence[Any]]) -> Sequence[AsyncResult[Any]]:
    """Publish the call `first`, and one like it for each of the `others`' arguments. Blocks, raises as `Sender.send`"""
    pattern, frame, encode = task.app.sender.pattern(first)
    has_own_root = pattern.headers["root_id"] == first.task_id
    ids = [first.task_id]

    def like(args: Sequence[Any], task_id: str) -> Message:
        task.check_call(args, {})
        headers = {**pattern.headers, "id": task_id, "argsrepr": brief(tuple(args))}
        if has_own_root:
            headers["root_id"] = task_id
        ids.append(task_id)
        return Message(
            pattern.queue,
            encode(args, first.kwargs),
            headers,
            {**pattern.properties, "correlation_id": task_id},
            pattern.content_type,
            pattern.content_encoding,
            pattern.priority,
            pattern.due,
            pattern.expires,
            pattern.exchange,
            pattern.routing_key,
        )

    task.app.publisher.publish_all(chain((pattern,), map(like, others, new_ids())))
    sent: SentResults[Any] = SentResults(ids, task.name, task.app, pattern.headers["ignore_result"])
    if frame is not None and frame.task.trail and first.options.get("add_to_parent", True):
        frame.request.children.extend(sent)
    return sent
