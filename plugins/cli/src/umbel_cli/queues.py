"""`umbel queues`: how many messages wait where, and which queues are held back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Sequence

import click

from umbel import clock
from umbel.cli.as_json import json_option, to_json
from umbel.cli.context import CliContext
from umbel.cli.errors import CommandError
from umbel.cli.table import table
from umbel.contracts.transport import QueueAdmin, Transport
from umbel.exceptions import TemporaryError
from umbel.model.message import Depth
from umbel.plugin import hookimpl
from umbel.worker.options import decide
from umbel_cli.reach import warn_if_alone
from umbel_cli.values import comma_separated

COLUMNS = ("QUEUE", "READY", "RESERVED", "DELAYED", "DEAD", "PAUSED")
#: Up to the top of what was shown, and clear from there on: ECMA-48, CUU and ED.
BACK = "\x1b[{}A\x1b[J"

names_argument = click.argument("names", metavar="QUEUE…", nargs=-1, required=True)


@click.group(invoke_without_command=True)
@click.option(
    "-Q", "--queues", type=comma_separated, metavar="A,B", default="", help="These queues, separated by commas."
)
@click.option(
    "-w",
    "--watch",
    type=click.FloatRange(min=0, min_open=True),
    is_flag=False,
    flag_value=2.0,
    metavar="[SECONDS]",
    help="Look again and again, every 2 seconds if nothing else is said.",
)
@json_option
@click.pass_context
def queues(ctx: click.Context, queues: Collection[str], watch: float | None, as_json: bool) -> None:
    """Show how many messages each queue holds: ready, reserved by workers, delayed, dead; and whether it is paused."""
    if ctx.invoked_subcommand is not None:
        return
    with ctx.obj.app as app:
        warn_if_alone(app, "read")
        app.finalize()
        own = decide(app.conf, None, (), (), None, None).queues
        admin = app.transport.admin()

        def look() -> list[Depth]:
            return [admin.depth(name) for name in queues or sorted({*admin.queues(), *own})]

        if watch is None:
            click.echo(to_json(look()) if as_json else _table(look()))
        else:
            _watch(look, watch, as_json)


@queues.command()
@names_argument
@click.pass_obj
def pause(context: CliContext, names: Sequence[str]) -> None:
    """Hand out nothing more from these queues until they are resumed, whatever restarts meanwhile."""
    _for_each(context, names, "paused", lambda admin: admin.pause)


@queues.command()
@names_argument
@click.pass_obj
def resume(context: CliContext, names: Sequence[str]) -> None:
    """Hand out messages from these queues again."""
    _for_each(context, names, "resumed", lambda admin: admin.resume)


def _for_each(
    context: CliContext, names: Sequence[str], done: str, which: Callable[[QueueAdmin], Callable[[str], None]]
) -> None:
    with context.app as app:
        warn_if_alone(app, "read")
        transport: Transport = app.transport
        if "pause" not in transport.features:
            name = app.drivers.transport_choice().name
            raise CommandError(f"queues of the broker {name!r} cannot be paused: it does not have the feature 'pause'")
        admin = transport.admin()
        known = admin.queues()
        for name in names:
            which(admin)(name)
            click.echo(f"{done} {name}")
            if name not in known:
                click.echo(f"Note: until now there was no queue {name!r}", err=True)


def _table(depths: Iterable[Depth]) -> str:
    return table(COLUMNS, [
        (each.queue, *map(_count, (each.ready, each.reserved, each.delayed, each.dead)), "yes" if each.paused else "")
        for each in depths
    ])  # fmt: skip


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)


def _watch(look: Callable[[], list[Depth]], every_s: float, as_json: bool) -> None:
    """In place on a terminal, else a block of lines (with `as_json`, one line) each time; until Ctrl-C."""
    in_place, lines = sys.stdout.isatty() and not as_json, 0
    try:
        while True:
            try:
                depths = look()
                text = to_json(depths, indent=None) if as_json else _table(depths)
            except TemporaryError as error:  # a broker that restarts; who watches wants to see it come back
                text = to_json({"error": str(error)}, indent=None) if as_json else f"Error: {error}"
            click.echo(f"{BACK.format(lines) if lines else ''}{text}")
            lines = (text.count("\n") + 1) if in_place else 0
            clock.sleep(every_s)
    except KeyboardInterrupt:
        return


@hookimpl
def umbel_command() -> click.Command:
    return queues
