"""What the three commands share: whom to ask, for how long, and how answers are printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pprint import pformat
from typing import Any

import click

from umbel.cli.as_json import to_json
from umbel.cli.errors import EX_UNAVAILABLE, CommandError

F = Callable[..., Any]


class Names(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2
    """`a@host,b@host`."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        return value if isinstance(value, list) else [name.strip() for name in value.split(",") if name.strip()]


def remote(command: F) -> F:
    """The options of Celery's group "Remote Control Options"."""
    for option in (
        click.option("-j", "--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("-d", "--destination", type=Names(), metavar="A,B", help="Ask these nodes only."),
        click.option("-t", "--timeout", type=float, metavar="SECONDS", help="Wait no longer for answers."),
    ):
        command = option(command)
    return command


def require(answers: Sequence[dict[str, Any]] | None) -> dict[str, Any]:
    """The answers by node. Raises `CommandError` if there are none."""
    nodes = {node: answer for each in answers or () for node, answer in each.items()}
    if not nodes:
        raise CommandError("No nodes replied within time constraint", EX_UNAVAILABLE)
    return nodes


def say(nodes: dict[str, Any], as_json: bool) -> None:
    """Print what the nodes have answered. Raises `CommandError` if one of them could not do it."""
    failed = [node for node, answer in nodes.items() if _error(answer)]
    if as_json:
        click.echo(to_json(nodes))
    else:
        for node, answer in sorted(nodes.items()):
            error = _error(answer)
            click.echo(f"->  {node}: {'ERROR' if error else 'OK'}")
            click.echo(_indented(error or _plain(answer)))
    if failed:
        raise CommandError(f"{len(failed)} of {_count(len(nodes))} could not do it: {', '.join(sorted(failed))}")


def online(count: int) -> str:
    """`2 nodes online.`"""
    return f"{_count(count)} online."


def _count(count: int) -> str:
    return f"{count} node" if count == 1 else f"{count} nodes"


def _error(answer: Any) -> Any:
    return answer.get("error") if isinstance(answer, dict) and set(answer) == {"error"} else None


def _plain(answer: Any) -> Any:
    return answer["ok"] if isinstance(answer, dict) and set(answer) == {"ok"} else answer


def _indented(answer: Any) -> str:
    if isinstance(answer, str):
        lines = answer.splitlines()
    elif isinstance(answer, list):
        lines = [f"* {each if isinstance(each, str) else pformat(each)}" for each in answer] or ["- empty -"]
    else:
        lines = pformat(answer, width=100).splitlines()
    return "\n".join(f"        {line}" if line else "" for line in lines)
