"""The tasks of an app, by name."""

from __future__ import annotations

from typing import Any

from umbel.exceptions import NotRegistered


class TaskRegistry(dict[str, Any]):
    """Tasks by name."""

    def __missing__(self, name: str) -> Any:
        raise NotRegistered(name)

    def register(self, task: Any) -> None:
        """Add a task (or a class of one)."""
        task = task() if isinstance(task, type) else task
        self[task.name] = task

    def unregister(self, name: Any) -> None:
        """Take a task away; raises `NotRegistered`."""
        name = getattr(name, "name", name)
        if name not in self:
            raise NotRegistered(name)
        del self[name]

    def regular(self) -> list[str]:
        return sorted(self)
