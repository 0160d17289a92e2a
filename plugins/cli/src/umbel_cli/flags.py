"""Flags of `umbel worker` that plugins bring: the entry-point group `umbel.worker_option`."""

from __future__ import annotations

import click

from umbel.exceptions import PluginError
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load_worker_option


class FlagsOfPlugins(click.Command):
    """A command with options of its own, and those of the plugins that are installed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        *own, last = super().get_params(ctx)  # the last one is --help
        return [*own, *_of_plugins({name for each in (*own, last) for name in each.opts}), last]


def _of_plugins(taken: set[str]) -> list[click.Option]:
    """A flag that cannot be used is left out, with a warning: a broken plugin takes no worker down."""
    catalogue, found = Catalogue(), []
    for entry in catalogue.entries("worker_option"):
        try:
            if entry.status == "disabled":
                continue
            option = load_worker_option(catalogue, catalogue.find(entry.kind, entry.name))
            if already := taken.intersection(option.opts):
                raise PluginError(f"{entry}: there is a flag {min(already)} already")
        except PluginError as error:
            click.secho(f"A flag was left out: {error}", err=True, fg="yellow")
            continue
        taken.update(option.opts)
        found.append(option)
    return found
