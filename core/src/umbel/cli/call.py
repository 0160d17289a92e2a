"""`umbel call`: sends a task."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from umbel.cli.context import CliContext
from umbel.cli.values import JSON_ARRAY, JSON_OBJECT, MOMENT, MOMENT_OR_SECONDS

if TYPE_CHECKING:
    from umbel.app.app import Umbel


@click.command()
@click.argument("name")
@click.option("-a", "--args", type=JSON_ARRAY, default="[]", help="Positional arguments, as a JSON array.")
@click.option("-k", "--kwargs", type=JSON_OBJECT, default="{}", help="Keyword arguments, as a JSON object.")
@click.option("--eta", type=MOMENT, help="Not before this time.")
@click.option("--countdown", type=float, help="Not before so many seconds have passed.")
@click.option("--expires", type=MOMENT_OR_SECONDS, help="Not after this time, or so many seconds.")
@click.option("--serializer", help="The format of the arguments.")
@click.option("--queue", help="The queue.")
@click.option("--exchange", help="The exchange.")
@click.option("--routing-key", help="The routing key.")
@click.pass_obj
def call(context: CliContext, name: str, args: Sequence[Any], kwargs: dict[str, Any], **options: Any) -> None:
    """Send the task NAME and print its id."""
    given = {option: value for option, value in options.items() if value is not None}
    with context.app as app:
        app.finalize()
        task = app.tasks.get(name)
        if task is None:
            _warn_unknown(app, name)
            result = app.send_task(name, args, kwargs, **given)
        else:
            result = task.apply_async(args, kwargs, **given)
        click.echo(result.id)


def _warn_unknown(app: Umbel, name: str) -> None:
    """It is sent all the same: another app's worker may have the task."""
    if app.tasks:
        close = get_close_matches(name, app.tasks, 1)
        meant = f" (did you mean {close[0]}?)" if close else ""
        click.echo(f"{app!r} has no task {name!r}{meant}; it was sent for a worker that does", err=True)
