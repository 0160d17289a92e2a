"""Ids of calls. Those of a group's members follow from its own: the result of 100,000 is an id and a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from umbel import uuid as new_id

__all__ = ["MemberIds", "member_id", "new_id"]

_KEPT = 24


def member_id(group_id: str, index: int) -> str:
    """The id of member `index`: the group's, with the number in place of its last twelve digits."""
    return f"{group_id[:_KEPT]}{index:012x}"


class MemberIds(Sequence[str]):
    """The ids of the members of a group, in order. `others` are those that do not follow from the group's."""

    def __init__(self, group_id: str, size: int = 0, others: dict[int, str] | None = None) -> None:
        self.group_id = group_id
        self.size = size
        self.others = others or {}

    def append(self, task_id: str) -> None:
        """The id of the next member."""
        if task_id != member_id(self.group_id, self.size):
            self.others[self.size] = task_id
        self.size += 1

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self.size))]
        position = index + self.size if index < 0 else index
        if not 0 <= position < self.size:
            raise IndexError(f"member {index} of a group of {self.size}")
        return self.others.get(position) or member_id(self.group_id, position)

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(self.size))
