"""A command of the panel, called with words of a command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from umbel.cli.context import CliContext
from umbel.cli.table import table
from umbel.meant import meant
from umbel_control.cli.options import online, require, say
from umbel_control.panel import PANEL, Kind, PanelCommand


def run(
    context: CliContext,
    kind: Kind,
    name: str | None,
    words: Sequence[str],
    timeout: float | None,
    destination: list[str] | None,
    as_json: bool,
    list_: bool,
) -> None:
    """Ask and print. Raises `CommandError` and click's usage errors."""
    with context.app as app:
        app.finalize()  # a project's own commands are in its modules
        known = _commands(kind)
        if list_:
            click.echo(_listing(known))
            return
        if name is None:
            raise click.UsageError(f"which command? {', '.join(known)}")
        command = PANEL.get(name)
        if command is None or command.kind != kind:
            close = meant(name, known)
            raise click.UsageError(
                f"there is no command {name!r}; " + (f"did you mean {close[0]!r}?" if close else f"there is {known}")
            )
        arguments = _arguments(command, words)
        wait_s = command.default_timeout if timeout is None else timeout
        answers = app.control.broadcast(
            command.name, arguments, destination, reply=True, timeout=max(wait_s, 1.0) if timeout is None else wait_s
        )
    nodes = require(answers)
    say(nodes, as_json)
    if kind == "inspect" and not as_json:
        click.echo(f"\n{online(len(nodes))}")


def _commands(kind: Kind) -> list[str]:
    return sorted({each.name for each in PANEL.values() if each.kind == kind and each.visible})


def _listing(names: Sequence[str]) -> str:
    rows = [(f"{name} {PANEL[name].signature or ''}".strip(), PANEL[name].help) for name in names]
    return table(("COMMAND", "WHAT IT DOES"), rows)


def _arguments(command: PanelCommand, words: Sequence[str]) -> dict[str, Any]:
    """The words as the command's arguments. Raises `click.UsageError`."""
    named, rest = words[: len(command.args)], list(words[len(command.args) :])
    arguments: dict[str, Any] = {}
    for (name, read), word in zip(command.args, named, strict=False):
        try:
            arguments[name] = _truth(word) if read is bool else read(word)
        except ValueError:
            raise click.UsageError(f"{command.name} {command.signature}: {name} cannot be {word!r}") from None
    if rest and command.variadic is None:
        raise click.UsageError(f"{command.name} {command.signature or 'takes no arguments'}: found {' '.join(rest)}")
    if command.variadic is not None:
        arguments[command.variadic] = rest
    return arguments


def _truth(word: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if word.lower() not in known:
        raise ValueError(word)
    return known[word.lower()]
