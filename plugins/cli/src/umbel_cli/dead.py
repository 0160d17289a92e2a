"""`umbel dead`: the messages that nobody could handle, for the operator."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence

import click

from umbel.cli.as_json import json_option, to_json
from umbel.cli.context import CliContext
from umbel.cli.errors import CommandError
from umbel.cli.table import table
from umbel.contracts.transport import QueueAdmin
from umbel.model.message import DeadLetter
from umbel.plugin import hookimpl
from umbel_cli.letters import lines, summary, whole
from umbel_cli.values import comma_separated

queues_option = click.option(
    "-Q",
    "--queues",
    type=comma_separated,
    metavar="A,B",
    default="",
    help="Of these queues, separated by commas; else of all.",
)
all_option = click.option("--all", "every", is_flag=True, help="All of them.")
keys_argument = click.argument("keys", nargs=-1)


@click.group()
def dead() -> None:
    """Look at messages that nobody could handle, and retry or delete them."""


@dead.command("list")
@queues_option
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many of a queue.")
@json_option
@click.pass_obj
def list_(context: CliContext, queues: Collection[str], limit: int, as_json: bool) -> None:
    """List dead letters, the oldest of each queue first."""
    with context.app as app:
        found = [summary(letter) for letter in _letters(app.transport.admin(), queues, limit)]
    if as_json:
        click.echo(to_json(found))
        return
    rows = [(each.key, each.queue, each.task, each.died, str(each.lost), each.reason) for each in found]
    click.echo(table(("KEY", "QUEUE", "TASK", "DIED", "LOST", "REASON"), rows))


@dead.command()
@click.argument("key")
@queues_option
@json_option
@click.pass_obj
def show(context: CliContext, key: str, queues: Collection[str], as_json: bool) -> None:
    """Show all of the dead letter KEY: why it is here, its headers, and its arguments, long ones cut (not in JSON)."""
    with context.app as app:
        app.finalize()
        for letter in _letters(app.transport.admin(), queues):
            if letter.key == key:
                found = whole(app, letter)
                click.echo(to_json(found) if as_json else "\n".join(lines(found)))
                return
    raise CommandError(f"there is no dead letter {key!r}: `umbel dead list` shows the keys")


@dead.command()
@keys_argument
@all_option
@queues_option
@click.pass_obj
def retry(context: CliContext, keys: Sequence[str], every: bool, queues: Collection[str]) -> None:
    """Put the dead letters KEYS back on their queues."""
    with context.app as app:
        admin = app.transport.admin()
        _report("retried", admin.revive, _chosen(admin, keys, every, queues))


@dead.command()
@keys_argument
@all_option
@queues_option
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(context: CliContext, keys: Sequence[str], every: bool, queues: Collection[str], force: bool) -> None:
    """Delete the dead letters KEYS. There is no way back."""
    with context.app as app:
        admin = app.transport.admin()
        chosen = _chosen(admin, keys, every, queues)
        if chosen and not force:
            click.confirm(f"Delete {len(chosen)} dead letters?", abort=True)
        _report("deleted", admin.discard, chosen)


def _letters(admin: QueueAdmin, queues: Collection[str], limit: int = sys.maxsize) -> Iterator[DeadLetter]:
    for queue in queues or admin.queues():
        yield from admin.dead(queue, limit)


def _chosen(admin: QueueAdmin, keys: Sequence[str], every: bool, queues: Collection[str]) -> Sequence[str]:
    if bool(keys) == every:
        raise click.UsageError("say which dead letters: their KEYS (see `umbel dead list`), or --all")
    return keys or [letter.key for letter in _letters(admin, queues)]


def _report(done: str, do: Callable[[Sequence[str]], int], keys: Sequence[str]) -> None:
    count = do(keys) if keys else 0
    click.echo(f"{done} {count} of {len(keys)}")
    if count < len(keys):
        raise CommandError(f"{len(keys) - count} of the keys name no dead letter: somebody else may have been faster")


@hookimpl
def umbel_command() -> click.Command:
    return dead
