"""The command line reference: the root, and every command of the plugins that are installed."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from umbel.cli.root import root


def markdown() -> str:
    """The root, then each command with its sub-commands."""
    return "\n".join(_section(path, command) for path, command in commands())


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it, parents first."""
    yield from _walk("umbel", root)


def _walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _walk(f"{path} {name}", found)


def _section(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    # In a docstring of click's a form feed ends what users see.
    text = inspect.cleandoc(command.help or "").partition("\f")[0]
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    options = [f"`{record[0]}`\n: {record[1]}\n" for record in records if record and record[1]]
    depth = "#" * min(len(path.split()) + 1, 4)
    return "\n".join(
        [f"{depth} {path}\n", f":::{{command}} {path}", f"`{path} {usage}`".strip(), "", text, "", *options, ":::", ""]
    )
