"""`umbel graph`: the parts of a worker."""

from __future__ import annotations

import click

from umbel.cli.as_json import json_option, to_json
from umbel.cli.context import CliContext
from umbel.plugin import hookimpl
from umbel_cli.render import FORMATS


@click.command()
@click.argument("what", type=click.Choice(["bootsteps"]), default="bootsteps")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="text", show_default=True, help="How to draw it."
)
@json_option
@click.pass_obj
def graph(context: CliContext, what: str, form: str, as_json: bool) -> None:
    """Draw the parts of a worker, in the order in which they start, with what they require."""
    from umbel.worker import Worker  # noqa: PLC0415  (help must not pay for the worker)

    drawn = Worker(context.app).graph()
    click.echo(to_json(drawn.nodes) if as_json else FORMATS[form](drawn))


@hookimpl
def umbel_command() -> click.Command:
    return graph
