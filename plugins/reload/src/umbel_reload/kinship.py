"""How a process knows that it is the worker of a supervisor, and where to name the files that it imports."""

from __future__ import annotations

import os

from attrs import frozen

_VARIABLE = "UMBEL_RELOAD_SUPERVISOR"


@frozen
class Kinship:
    """A supervisor's process, and the descriptor of the pipe to it."""

    supervisor: int
    pipe: int

    @classmethod
    def of_this_process(cls) -> Kinship | None:
        """None in a process that is no supervisor's child. What its own children inherit is not true of them."""
        supervisor, _, pipe = os.environ.get(_VARIABLE, "").partition(":")
        found = cls(int(supervisor), int(pipe)) if pipe else None
        return found if found is not None and found.lives() else None

    def lives(self) -> bool:
        """Whether the supervisor is there still; asked in its child."""
        return os.getppid() == self.supervisor

    def environment(self) -> dict[str, str]:
        """For the child. It writes no bytecode: Python takes that of a file which was changed twice within a second to
        be fresh if the size is the same."""
        return {**os.environ, _VARIABLE: f"{self.supervisor}:{self.pipe}", "PYTHONDONTWRITEBYTECODE": "1"}
