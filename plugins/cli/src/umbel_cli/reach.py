"""Says when nobody else will see what is done: a command and a worker are two processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from umbel.app.app import Umbel


def warn_if_alone(app: Umbel, role: str) -> None:
    """Warn on standard error if the broker lives in this process. `role` is `read` or `write`."""
    choice = app.drivers.transport_choice(role)
    if "across_processes" not in app.drivers.driver(choice).features:
        click.echo(f"Warning: the broker {choice.name} ({choice.source}) is seen by this process alone", err=True)
