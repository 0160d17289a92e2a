"""`umbel purge`: empties queues."""

from __future__ import annotations

from collections.abc import Sequence

import click

from umbel.cli.context import CliContext
from umbel.plugin import hookimpl
from umbel.worker.options import decide
from umbel_cli.values import comma_separated


@click.command()
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
@click.option(
    "-Q", "--queues", type=comma_separated, metavar="A,B", default="", help="These queues, separated by commas."
)
@click.option("-X", "--exclude-queues", type=comma_separated, metavar="A,B", default="", help="All but these.")
@click.pass_obj
def purge(context: CliContext, force: bool, queues: Sequence[str], exclude_queues: Sequence[str]) -> None:
    """Delete every message that waits in the app's queues, ready or delayed. There is no way back."""
    with context.app as app:
        app.finalize()
        names = decide(app.conf, None, queues, exclude_queues, None, None).queues
        admin = app.transport.admin()
        if not force:
            waiting = sum(depth.ready + (depth.delayed or 0) for depth in map(admin.depth, names))
            click.confirm(f"Delete {_messages(waiting)} in {_queues(names)}: {', '.join(names)}?", abort=True)
        purged = sum(admin.purge(name) for name in names)
    click.echo(f"{f'Purged {_messages(purged)}' if purged else 'No messages purged'} from {_queues(names)}.")


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


def _queues(names: Sequence[str]) -> str:
    return f"{len(names)} queue{'' if len(names) == 1 else 's'}"


@hookimpl
def umbel_command() -> click.Command:
    return purge
