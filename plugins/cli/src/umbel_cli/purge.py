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
    """Delete every message that waits in the app's queues. There is no way back."""
    with context.app as app:
        app.finalize()
        names = decide(app.conf, None, queues, exclude_queues, None, None).queues
        plural = "s" if len(names) > 1 else ""
        if not force:
            click.confirm(f"Delete all messages that wait in the queue{plural} {', '.join(names)}?", abort=True)
        admin = app.transport.admin()
        purged = sum(admin.purge(name) for name in names)
    messages = f"{purged} message{'s' if purged != 1 else ''}" if purged else "No messages"
    click.echo(f"{'Purged ' if purged else ''}{messages} {'' if purged else 'purged '}from {len(names)} queue{plural}.")


@hookimpl
def umbel_command() -> click.Command:
    return purge
