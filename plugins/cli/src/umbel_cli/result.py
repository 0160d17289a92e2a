"""`umbel result`: prints what a task returned."""

from __future__ import annotations

import click

from umbel import states
from umbel.cli.context import CliContext
from umbel.cli.errors import CommandError
from umbel.exceptions import TimeoutError
from umbel.plugin import hookimpl


@click.command()
@click.argument("task_id")
@click.option("-t", "--task", help="The name of the task.")
@click.option("--traceback", is_flag=True, help="Print the traceback of a failed task instead.")
@click.option(
    "--timeout", type=float, metavar="SECONDS", help="Wait no longer than this; without it, until it is there."
)
@click.pass_obj
def result(context: CliContext, task_id: str, task: str | None, traceback: bool, timeout: float | None) -> None:
    """Wait for the result of TASK_ID and print it; exit code 1 if the task failed."""
    with context.app as app:
        found = app.AsyncResult(task_id, task_name=task)
        try:
            value = found.get(timeout=timeout, propagate=False)
        except TimeoutError:
            raise CommandError(
                f"task {task_id} has no result after {timeout:g} s; its state is {found.state}"
            ) from None
        if found.state in states.PROPAGATE_STATES:
            if traceback:
                click.echo(found.traceback or "no traceback is stored")
            raise CommandError(f"task {task_id} ended with {found.state}: {type(value).__name__}: {value}")
        click.echo(found.traceback if traceback else value)


@hookimpl
def umbel_command() -> click.Command:
    return result
