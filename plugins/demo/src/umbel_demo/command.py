"""The command. What it needs is imported when it runs: the command line asks every command for its options."""

from __future__ import annotations

import importlib
import json
import signal
import sys
from types import FrameType
from typing import Any

import click

from umbel.plugin import hookimpl

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.argument("path", required=False, type=click.Path(exists=True))
@click.option("-c", "--concurrency", type=click.IntRange(min=1), help="How many tasks run at once.")
@click.option("-P", "--pool", help="The pool that runs them.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many files.")
@click.option("--broker", metavar="URL", help="A broker of yours instead of a fresh embedded one.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def demo(path: str | None, limit: int | None, as_json: bool, **options: Any) -> None:
    """Hash, compress and count files (default: the standard library) through a queue, and check the results.

    Starts a worker of its own on a fresh embedded broker, and leaves nothing behind. Exit code 1: a result is wrong.
    """
    files = importlib.import_module("umbel_demo.files").choose(path, limit)
    if not files:
        raise click.BadParameter(f"there is no file to read in {path}", param_hint="PATH")
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, _end)
    summary = importlib.import_module("umbel_demo.show").run(files, **options)
    click.echo(json.dumps(summary.as_dict(), indent=2) if as_json else summary.as_text())
    sys.exit(0 if summary.match else 1)


@hookimpl
def umbel_command() -> click.Command:
    return demo


def _end(number: int, frame: FrameType | None) -> None:
    """Leave through every `finally`; a second signal shall not interrupt the cleaning up."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)
