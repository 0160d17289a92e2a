"""`umbel inspect`."""

from __future__ import annotations

import click

from umbel.cli.context import CliContext
from umbel.plugin import hookimpl
from umbel_control import changing, inspecting  # noqa: F401  (they put their commands on the panel)
from umbel_control.cli.calling import run
from umbel_control.cli.options import remote


@click.command()
@click.argument("command", required=False)
@click.argument("arguments", nargs=-1)
@click.option("-l", "--list", "list_", is_flag=True, help="List the commands.")
@remote
@click.pass_obj
def inspect(
    context: CliContext,
    command: str | None,
    arguments: tuple[str, ...],
    list_: bool,
    timeout: float | None,
    destination: list[str] | None,
    as_json: bool,
) -> None:
    """Ask running workers for COMMAND, such as active or stats. `--list` tells all commands.

    The exit code is 69 if no worker answers, and 1 if one of them could not do it.
    """
    run(context, "inspect", command, arguments, timeout, destination, as_json, list_)


@hookimpl
def umbel_command() -> click.Command:
    return inspect
