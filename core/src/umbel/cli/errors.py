"""How a command says that it failed. The exit codes are those of BSD's sysexits(3), as in Celery."""

from __future__ import annotations

import click

EX_OK = 0
EX_FAILURE = 1
#: Not click's: a command line that cannot be parsed ends with 2.
EX_USAGE = 64
#: A service is not there: the broker, the result backend, a worker that should answer.
EX_UNAVAILABLE = 69
EX_CANTCREAT = 73


class CommandError(click.ClickException):
    """Ends the command with `message` on standard error and `exit_code`."""

    def __init__(self, message: str, exit_code: int = EX_FAILURE) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # every instance of click's has it, says its manual
