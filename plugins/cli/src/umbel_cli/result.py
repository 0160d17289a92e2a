"""`umbel result`: prints what a task returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from umbel import states
from umbel.cli.as_json import json_option, to_json
from umbel.cli.context import CliContext
from umbel.cli.errors import CommandError
from umbel.exceptions import TimeoutError
from umbel.plugin import hookimpl

if TYPE_CHECKING:
    from umbel.results.result import AsyncResult


@click.command()
@click.argument("task_id")
@click.option("-t", "--task", help="The name of the task.")
@click.option("--traceback", is_flag=True, help="Print the traceback of a failed task instead.")
@click.option(
    "--timeout", type=float, metavar="SECONDS", help="Wait no longer than this; without it, until it is there."
)
@json_option
@click.pass_obj
def result(
    context: CliContext, task_id: str, task: str | None, traceback: bool, timeout: float | None, as_json: bool
) -> None:
    """Wait for the result of TASK_ID and print it; exit code 1 if the task failed."""
    with context.app as app:
        found = app.AsyncResult(task_id, task_name=task)
        try:
            value = found.get(timeout=timeout, propagate=False)
        except TimeoutError:
            raise CommandError(
                f"task {task_id} has no result after {timeout:g} s; its state is {found.state}"
            ) from None
        failed = found.state in states.PROPAGATE_STATES
        if as_json:
            click.echo(to_json(_facts(found, value, failed)))
        elif failed and traceback:
            click.echo(found.traceback or "no traceback is stored")
        if failed:
            raise CommandError(f"task {task_id} ended with {found.state}: {type(value).__name__}: {value}")
        if not as_json:
            click.echo(found.traceback if traceback else value)


def _facts(found: AsyncResult[Any], value: Any, failed: bool) -> dict[str, Any]:
    error = {"type": type(value).__name__, "module": type(value).__module__, "args": value.args} if failed else None
    return {
        "id": found.id,
        "state": found.state,
        "result": None if failed else value,
        "error": error,
        "traceback": found.traceback,
        "date_done": found.date_done,
    }


@hookimpl
def umbel_command() -> click.Command:
    return result
