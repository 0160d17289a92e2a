"""`umbel migrate`."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

import click

from umbel.cli.errors import EX_UNAVAILABLE, CommandError
from umbel.contracts import Transport
from umbel.exceptions import DriverError, UmbelError, UnsupportedError
from umbel.plugin import hookimpl
from umbel_migrate.brokers import app_on
from umbel_migrate.choice import Choice
from umbel_migrate.moving import Move, Tally


@click.command()
@click.argument("source")
@click.argument("destination")
@click.option(
    "-Q",
    "--queues",
    metavar="A,B",
    default="",
    help="These queues, separated by commas; else all that the source lists.",
)
@click.option(
    "-t", "--tasks", metavar="A,B", default="", help="Tasks of these names only; they may be patterns: shop.*"
)
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Move so many messages, and stop.")
@click.option(
    "--batch", type=click.IntRange(min=1, max=1000), metavar="N", default=100, show_default=True,
    help="Messages that are on their way at once.",
)  # fmt: skip
@click.option("--from", "said_of_source", metavar="KEY=VALUE", multiple=True, help="A transport option of SOURCE's.")
@click.option("--to", "said_of_other", metavar="KEY=VALUE", multiple=True, help="A transport option of DESTINATION's.")
def migrate(
    source: str,
    destination: str,
    queues: str,
    tasks: str,
    limit: int | None,
    batch: int,
    said_of_source: Sequence[str],
    said_of_other: Sequence[str],
) -> None:
    """Move messages from the broker at SOURCE to the one at DESTINATION.

    A message is deleted when the other broker has confirmed that it has it. So none is lost if this is interrupted,
    killed even; those of the batch that was on its way may then be on both. Start it again, and it goes on with what is
    left. Stop the workers of the source first. Delayed messages can be moved when they are due; dead letters stay.
    """
    signal.signal(signal.SIGTERM, _end)
    try:
        with app_on(source, said_of_source) as here, app_on(destination, said_of_other) as there:
            names = _split(queues) or _listed(here.transport)
            batch = _safe(here.transport, batch, tasks)
            move = Move(here.transport, there.transport, Choice(_split(tasks)), batch, limit)
            tally = _run(move, names, _count(here.transport, names, limit))
    except DriverError as error:
        raise CommandError(f"{error}. Nothing is lost: start it again", EX_UNAVAILABLE) from error
    except UmbelError as error:
        raise CommandError(str(error)) from error
    rest = f", left {tally.left} that --tasks does not name" if tally.left else ""
    click.echo(f"Moved {tally.moved} message{'' if tally.moved == 1 else 's'}{rest}.")


def _run(move: Move, names: Sequence[str], expected: int | None) -> Tally:
    bar: Any = click.progressbar(length=expected, label="Moving", show_pos=True)
    with bar:
        return move.run(names, bar.update)


def _safe(source: Transport, batch: int, tasks: str) -> int:
    """The size of a batch. From a broker without leases a message is gone when it is received: then one at a time is
    on its way, and none may wait for the end because it is not wanted."""
    if "lease" in source.features:
        return batch
    if tasks:
        raise CommandError("the source has no leases: what --tasks leaves out could be lost, so move everything")
    click.echo("Warning: the source has no leases; a message on its way is lost if this is killed (-9)", err=True)
    return 1


def _end(signum: int, frame: object) -> None:
    raise SystemExit(128 + signum)


def _split(text: str) -> list[str]:
    return [word for word in map(str.strip, text.split(",")) if word]


def _listed(transport: Transport) -> list[str]:
    try:
        names = [*transport.admin().queues()]
    except UnsupportedError:
        names = []
    if not names:
        raise CommandError("the source names no queues: say which with --queues")
    return names


def _count(transport: Transport, names: Sequence[str], limit: int | None) -> int | None:
    """How many are there; None where the broker does not tell."""
    try:
        admin = transport.admin()
        waiting = sum(admin.depth(name).ready for name in names)
    except UnsupportedError:
        return limit
    return waiting if limit is None else min(waiting, limit)


@hookimpl
def umbel_command() -> click.Command:
    return migrate
