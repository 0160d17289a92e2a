"""`umbel report`: what a bug report needs, without secrets."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from attrs import astuple, evolve, frozen

from umbel import __version__
from umbel.app.drivers import Choice
from umbel.cli.as_json import json_option, to_json
from umbel.cli.context import CliContext
from umbel.cli.table import table
from umbel.exceptions import UmbelError
from umbel.plugin import hookimpl
from umbel.settings.censor import without_password

if TYPE_CHECKING:
    from umbel.app.app import Umbel


@frozen
class Driver:
    """One row of the report."""

    kind: str
    driver: str
    distribution: str = ""
    chosen_by: str = ""
    url: str = ""


@click.command()
@json_option
@click.pass_obj
def report(context: CliContext, as_json: bool) -> None:
    """Print versions, drivers and settings, with passwords left out."""
    app = context.app
    versions = {"umbel": __version__, "python": platform.python_version(), "platform": platform.platform()}
    drivers = _drivers(app)
    origins = sorted({entry.origin for entry in app.catalogue.entries() if entry.distribution})
    if as_json:
        told = {**versions, "app": app.main, "drivers": drivers, "distributions": origins}
        click.echo(to_json({**told, "settings": app.conf.table()}))
        return
    click.echo("umbel {umbel}, Python {python} ({platform})".format(**versions) + f", app {app.main}\n")
    click.echo(table(("KIND", "DRIVER", "DISTRIBUTION", "CHOSEN BY", "URL"), [astuple(row) for row in drivers]))
    click.echo(f"\ndistributions: {', '.join(origins)}\n")
    click.echo(app.conf.humanize())


def _drivers(app: Umbel) -> list[Driver]:
    """What serves each kind: what settings choose, and every boot step and consumer that is installed."""
    drivers, conf = app.drivers, app.conf
    rows = [_row(app, kind, choose) for kind, choose in (
        ("transport", drivers.transport_choice),
        ("backend", drivers.backend_choice),
        ("pool", lambda: evolve(drivers.pool_choice(), url="")),
        ("serializer", lambda: Choice("serializer", conf.task_serializer, conf.source_of("task_serializer"))),
    )]  # fmt: skip
    parts = [entry for kind in ("bootstep", "consumer") for entry in app.catalogue.entries(kind)]
    return [*rows, *(Driver(part.kind, part.name, part.origin, part.problem or "being installed") for part in parts)]


def _row(app: Umbel, kind: str, choose: Callable[[], Choice | None]) -> Driver:
    """One driver; a wrong choice is worth reporting, not an end of the report."""
    try:
        choice = choose()
        if choice is None:
            return Driver(kind, "none")
        entry = app.catalogue.find(kind, choice.name, choice.source)
    except UmbelError as error:
        return Driver(kind, "?", url=str(error))
    return Driver(kind, choice.name, entry.origin, choice.source, without_password(choice.url))


@hookimpl
def umbel_command() -> click.Command:
    return report
