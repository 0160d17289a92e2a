"""`umbel graph`: the parts of a worker."""

from __future__ import annotations

import click

from umbel.cli.context import CliContext
from umbel.plugin import hookimpl
from umbel.plugin.render import FORMATS


@click.command()
@click.argument("what", type=click.Choice(["bootsteps"]), default="bootsteps")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="How to draw it."
)
@click.pass_obj
def graph(context: CliContext, what: str, form: str) -> None:
    """Draw the parts of a worker, in the order in which they start, with what they require."""
    from umbel.worker import Worker  # noqa: PLC0415  (help must not pay for the worker)

    click.echo(FORMATS[form](Worker(context.app).graph()))


@hookimpl
def umbel_command() -> click.Command:
    return graph
