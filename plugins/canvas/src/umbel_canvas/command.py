"""`umbel workflow`: which workflows there are, and how far one is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from umbel import clock, hookimpl, states
from umbel.cli.as_json import json_option, to_json
from umbel.cli.context import CliContext
from umbel.cli.errors import CommandError
from umbel.cli.table import table
from umbel.wire.times import from_epoch
from umbel_canvas.drawing import dot, mermaid, text
from umbel_canvas.graph import Graph
from umbel_canvas.listing import Listed, listed
from umbel_canvas.options import options_of
from umbel_canvas.picture import Item

#: How a workflow can be drawn.
FORMS: dict[str, Callable[[Item], str]] = {"text": text, "dot": dot, "mermaid": mermaid}
#: Up to the top of what was shown, and clear from there on: ECMA-48, CUU and ED.
_BACK = "\x1b[{}A\x1b[J"
#: Seconds between two looks.
_LOOK_S = 0.5
#: So much of what a workflow looks like stands in its line.
_WIDTH = 60


@click.group()
def workflow() -> None:
    """Look at chains, groups and chords."""


@workflow.command()
@click.argument("id")
@click.option("-f", "--format", "form", type=click.Choice([*FORMS]), default="text", help="How it is drawn.")
@click.option("--follow", is_flag=True, help="Draw it again and again until it has ended.")
@json_option
@click.pass_obj
def show(context: CliContext, id: str, form: str, follow: bool, as_json: bool) -> None:
    """Draw the workflow whose result is ID, with the state of every call."""
    with context.app as app:
        graph = Graph.find(app, id)
        if graph is None:
            raise CommandError(f"no workflow with the result {id} is known in this backend: see `umbel workflow list`")
        if as_json:
            click.echo(to_json(graph.look()))
            return
        draw = FORMS[form]
        item = graph.look()
        shown = draw(item)
        click.echo(shown)
        while follow and not _is_over(item):
            clock.sleep(_LOOK_S)
            item, before = graph.look(), shown
            shown = draw(item)
            back = _BACK.format(before.count("\n") + 1) if sys.stdout.isatty() else ""
            if shown != before:
                click.echo(back + shown)


@workflow.command("list")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, help="So many, the latest first.  [default: 20]")
@json_option
@click.pass_obj
def list_(context: CliContext, limit: int, as_json: bool) -> None:
    """Show the latest workflows and how far each is."""
    with context.app as app:
        if options_of(app).shared is None:
            raise CommandError("workflows are known where the result backend has shared state, and this one has none")
        found = listed(app, limit)
    if as_json:
        click.echo(to_json(found))
        return
    rows = [_row(each) for each in found]
    click.echo(table(("ID", "BEGAN", "STATE", "DONE", "WORKFLOW"), rows) if rows else "There are no workflows.")


def _row(each: Listed) -> tuple[str, ...]:
    shown = each.shown if len(each.shown) <= _WIDTH else f"{each.shown[: _WIDTH - 1]}…"
    began = from_epoch(each.at).strftime("%Y-%m-%d %H:%M:%S")
    return (each.id, began, each.state, f"{each.done}/{each.calls}", shown)


def _is_over(item: Item) -> bool:
    return all(each.state in states.READY_STATES for each in item.walk() if each.kind == "task") and all(
        set(each.states) <= set(states.READY_STATES) for each in item.walk() if each.kind == "many"
    )


@hookimpl
def umbel_command() -> Any:
    return workflow
