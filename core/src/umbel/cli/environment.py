"""Options from environment variables: `UMBEL_<COMMAND>_<OPTION>`, and Celery's `CELERY_<COMMAND>_<OPTION>`.

Click reads one prefix by itself (Umbel's); values under the other one become its default map, which comes next.
"""

from __future__ import annotations

from typing import Any

import click

UMBEL = "UMBEL"
CELERY = "CELERY"


def names(option: str, *unprefixed: str) -> list[str]:
    """The variables of a global option, the strongest first."""
    return [f"{UMBEL}_{option}", f"{CELERY}_{option}", *unprefixed]


def celery_defaults(command: click.Command, name: str, prefix: str = CELERY) -> dict[str, Any]:
    """What Celery's variables say about the options of a command and of its sub-commands, as a default map."""
    context = click.Context(command, auto_envvar_prefix=f"{prefix}_{name.upper()}")
    values: dict[str, Any] = {}
    if isinstance(command, click.Group):
        for each, subcommand in command.commands.items():
            values[each] = celery_defaults(subcommand, each, str(context.auto_envvar_prefix))
    for parameter in command.params:
        value = parameter.value_from_envvar(context)
        if value is not None and parameter.name:
            values[parameter.name] = value
    return values
