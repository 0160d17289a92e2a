"""The root of the command line: global options, and the commands of plugins."""

from __future__ import annotations

import os
from typing import Any

import click

from umbel import __version__
from umbel.cli import environment
from umbel.cli.context import CliContext
from umbel.cli.errors import EX_FAILURE, EX_UNAVAILABLE, CommandError
from umbel.exceptions import BackendError, OperationalError, PluginError, UmbelError
from umbel.meant import meant
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load_command

#: Said where the kernel is alone.
NONE = "No command is installed: pip install umbel brings some."


class Root(click.Group):
    """Loads a command when it is called. Help and suggestions need names only, so no plugin's code is run for them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return Catalogue().names("command")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        catalogue = Catalogue()
        if not any(entry.name == cmd_name for entry in catalogue.entries("command")):
            return None
        try:
            return load_command(catalogue, catalogue.find("command", cmd_name))
        except PluginError as error:
            return _broken(cmd_name, error)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = args[0], self.get_command(ctx, args[0]), args[1:]
        if command is None:
            there = self.list_commands(ctx)
            close = meant(name, there)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"Perhaps: {Catalogue().install_hint(name)}"
            ctx.fail(f"there is no command {name!r}. {hint if there else NONE}")
        ctx.default_map = {**(ctx.default_map or {}), name: environment.celery_defaults(command, name)}
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        entries = [entry for entry in Catalogue().entries("command") if entry.status == "ok"]
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, f"from {entry.origin}") for entry in entries] or [(NONE, "")])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            raise self._misplaced(ctx, error) or error from None
        except (UmbelError, BackendError) as error:
            if ctx.params.get("debug"):
                raise
            unavailable = isinstance(error, (OperationalError, BackendError))
            raise CommandError(str(error), EX_UNAVAILABLE if unavailable else EX_FAILURE) from error

    def _misplaced(self, ctx: click.Context, error: click.NoSuchOption) -> click.UsageError | None:
        """The error for a global option that stands after the command; None if it is no global option."""
        if not any(error.option_name in parameter.opts for parameter in self.params):
            return None
        command = ctx.invoked_subcommand
        return click.UsageError(
            f"{error.option_name} stands before the command: {ctx.info_name} {error.option_name} … {command}", error.ctx
        )


def _broken(name: str, error: PluginError) -> click.Command:
    """Stands in for the command of a broken plugin: whatever it is asked, it says what is wrong."""

    @click.command(name, context_settings={"ignore_unknown_options": True}, add_help_option=False, hidden=True)
    @click.argument("anything", nargs=-1, type=click.UNPROCESSED)
    def broken(anything: tuple[str, ...]) -> None:
        raise error

    return broken


@click.group(cls=Root, invoke_without_command=True, context_settings={"auto_envvar_prefix": environment.UMBEL})
@click.option(
    "-A",
    "--app",
    metavar="APP",
    envvar=environment.names("APP", "APP"),
    help="The app: MODULE or MODULE:NAME.",
)
@click.option(
    "-b", "--broker", metavar="URL", envvar=environment.names("BROKER", "BROKER_URL"), help="The broker's URL."
)
@click.option(
    "--result-backend",
    metavar="URL",
    envvar=environment.names("RESULT_BACKEND", "RESULT_BACKEND"),
    help="The result backend's URL.",
)
@click.option("--loader", envvar=environment.names("LOADER", "LOADER"), help="The loader of the app, by its name.")
@click.option("--config", envvar=environment.names("CONFIG", "CONFIG_MODULE"), help="The module with the settings.")
@click.option(
    "--workdir",
    type=click.Path(exists=True, file_okay=False),
    envvar=environment.names("WORKDIR"),
    help="Change to this folder first.",
)
@click.option("-C", "--no-color", is_flag=True, envvar=environment.names("NO_COLOR"), help="No colours.")
@click.option("-q", "--quiet", is_flag=True, envvar=environment.names("QUIET"), help="Say less.")
@click.option(
    "--skip-checks", is_flag=True, envvar=environment.names("SKIP_CHECKS", "SKIP_CHECKS"), help="Skip Django's checks."
)
@click.option("--debug", is_flag=True, help="Show where an error was raised.")
@click.version_option(__version__, prog_name="umbel")
@click.pass_context
def root(ctx: click.Context, /, workdir: str | None, **options: Any) -> None:
    """A distributed task queue. Every option may be given as an environment variable too: UMBEL_APP,
    UMBEL_WORKER_CONCURRENCY, …"""
    # https://no-color.org: whatever its value is
    if options["no_color"] or os.environ.get("NO_COLOR"):
        ctx.color = False
    given = ctx.obj
    ctx.obj = CliContext(app_name=options.pop("app"), given=ctx.obj, **options)
    if given is not None:
        ctx.obj.app = given
    if workdir:
        ctx.obj.started_in = os.getcwd()
        os.chdir(workdir)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
