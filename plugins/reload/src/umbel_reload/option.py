"""`--reload`: makes of the command that starts a worker one that supervises it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from umbel.plugin import hookimpl
from umbel_reload.imports import Herald
from umbel_reload.kinship import Kinship
from umbel_reload.supervisor import Supervisor


class Reload(click.Option):
    """A flag that is no setting: it acts before the app is imported, which may be what is broken."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        value, rest = super().handle_parse_result(ctx, opts, args)
        if not value or ctx.resilient_parsing:
            return value, rest
        kinship = Kinship.of_this_process()
        if kinship is not None:
            Herald(kinship.pipe).install()
            return value, rest
        if opts.get("detach"):
            raise click.UsageError("--reload is for development, in the foreground: leave --detach out", ctx)
        os.chdir(ctx.obj.started_in)  # The child goes from there to --workdir by itself.
        return ctx.exit(Supervisor([sys.executable, *sys.orig_argv[1:]], _say).run())


def _say(text: str) -> None:
    click.secho(f"--reload: {text}", err=True, fg="yellow")


@hookimpl
def umbel_worker_option() -> click.Option:
    return Reload(
        ["--reload"],
        is_flag=True,
        default=None,
        expose_value=False,
        help="For development: start anew when a source file of the app changes.",
    )
