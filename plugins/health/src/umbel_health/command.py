"""`umbel health`: an exec probe."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import click

from umbel.app.naming import node_name
from umbel.cli.as_json import json_option, to_json
from umbel.cli.context import CliContext
from umbel.cli.errors import EX_UNAVAILABLE, CommandError
from umbel.plugin import hookimpl
from umbel_health.file import HealthFile
from umbel_health.report import why


@click.command()
@click.option("--file", "path", metavar="PATH", help="The worker's health_file; else that of the app's settings.")
@click.option("--address", metavar="HOST:PORT", help="The worker's health_address, to ask over HTTP.")
@click.option("-n", "--hostname", help="The worker's name, where the file has it in its name.")
@click.option("--ready", is_flag=True, help="Ask whether it can take work now, not only whether it is alive.")
@click.option("--timeout", type=float, default=5.0, show_default=True, help="Seconds to wait for an answer.")
@json_option
@click.pass_obj
def health(
    context: CliContext,
    path: str | None,
    address: str | None,
    hostname: str | None,
    ready: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Ask a worker of this machine whether it is alive. Exit code 0: it is; 1: it is not, and why; 69: nobody answers.

    With --file or --address the app is not imported, so no -A is needed, and the answer comes at once.
    """
    if not (path or address):
        path, address = context.app.conf.health_file, context.app.conf.health_address
    if not (path or address):
        raise CommandError(
            "no worker of this app says how it is: set health_file or health_address, or give --file or --address"
        )
    report = _over_http(address, timeout) if address and not path else _in_file(path or "", node_name(hostname))
    if as_json:
        click.echo(to_json(report))
    well = report["ready" if ready else "alive"]
    if not well:
        raise CommandError(f"{report['hostname']} is not {'ready' if ready else 'alive'}: {why(report)}")
    if not as_json:
        click.echo(f"{report['hostname']} is {'ready' if report['ready'] else f'alive, and waits: {why(report)}'}")


def _in_file(path: str, hostname: str) -> dict[str, Any]:
    try:
        return HealthFile.of(path, hostname).read()
    except ValueError as error:
        raise CommandError(str(error), EX_UNAVAILABLE) from None


def _over_http(address: str, timeout: float) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    host = "127.0.0.1" if host in ("", "0.0.0.0") else "[::1]" if host == "[::]" else host
    try:
        with urlopen(f"http://{host}:{port}/ready", timeout=timeout) as answer:
            found: dict[str, Any] = json.load(answer)
    except HTTPError as error:  # 503 is an answer, too
        found = json.load(error)
    except (URLError, OSError, ValueError) as error:
        raise CommandError(f"nobody answers at {address}: {error}", EX_UNAVAILABLE) from None
    return found


@hookimpl
def umbel_command() -> click.Command:
    return health
