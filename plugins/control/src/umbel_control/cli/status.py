"""`umbel status`."""

from __future__ import annotations

import click

from umbel.cli.as_json import to_json
from umbel.cli.context import CliContext
from umbel.plugin import hookimpl
from umbel_control.cli.options import online, remote, require


@click.command()
@remote
@click.pass_obj
def status(context: CliContext, timeout: float | None, destination: list[str] | None, as_json: bool) -> None:
    """Which workers are there. The exit code is 69 if there are none."""
    with context.app as app:
        wait_s = 1.0 if timeout is None else timeout
        nodes = require(app.control.broadcast("ping", {}, destination, reply=True, timeout=wait_s))
    if as_json:
        click.echo(to_json(nodes))
        return
    for node in sorted(nodes):
        click.echo(f"{node}: OK")
    click.echo(f"\n{online(len(nodes))}")


@hookimpl
def umbel_command() -> click.Command:
    return status
