"""`umbel call`: sends a task."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from umbel.cli.context import CliContext
from umbel.cli.errors import CommandError
from umbel.meant import meant
from umbel.plugin import hookimpl
from umbel_cli.reach import warn_if_alone
from umbel_cli.values import json_array, json_object, moment, moment_or_seconds

if TYPE_CHECKING:
    from umbel.app.app import Umbel


@click.command()
@click.argument("name")
@click.option(
    "-a", "--args", type=json_array, metavar="JSON", default="[]", help="Positional arguments, as a JSON array."
)
@click.option(
    "-k", "--kwargs", type=json_object, metavar="JSON", default="{}", help="Keyword arguments, as a JSON object."
)
@click.option("--eta", type=moment, metavar="TIME", help="Not before this time.")
@click.option("--countdown", type=float, help="Not before so many seconds have passed.")
@click.option("--expires", type=moment_or_seconds, metavar="TIME", help="Not after this time, or so many seconds.")
@click.option("--serializer", help="The format of the arguments.")
@click.option("--queue", help="The queue.")
@click.option("--exchange", help="The exchange.")
@click.option("--routing-key", help="The routing key.")
@click.pass_obj
def call(context: CliContext, /, name: str, args: Sequence[Any], kwargs: dict[str, Any], **options: Any) -> None:
    """Send the task NAME and print its id."""
    given = {option: value for option, value in options.items() if value is not None}
    with context.app as app:
        app.finalize()
        task = app.tasks.get(name)
        if task is None:
            _warn_unknown(app, name)
        send = task.apply_async if task is not None else partial(app.send_task, name)
        try:
            result = send(args, kwargs, **given)
        except (TypeError, ValueError) as error:  # what does not fit the task
            raise CommandError(str(error)) from error
        click.echo(result.id)
        warn_if_alone(app, "write")


def _warn_unknown(app: Umbel, name: str) -> None:
    """It is sent all the same: another app's worker may have the task."""
    if app.tasks:
        close = meant(name, app.tasks, 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        click.echo(f"{app!r} has no task {name!r}{hint}; it was sent for a worker that does", err=True)


@hookimpl
def umbel_command() -> click.Command:
    return call
