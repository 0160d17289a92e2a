"""Which messages go."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from attrs import frozen

from umbel.model import Message


@frozen
class Choice:
    """Everything, unless a filter says otherwise."""

    #: Names of tasks, or patterns such as `shop.*`.
    tasks: Sequence[str] = ()

    def takes(self, message: Message) -> bool:
        if not self.tasks:
            return True
        name = message.headers.get("task")
        return isinstance(name, str) and any(fnmatchcase(name, pattern) for pattern in self.tasks)
