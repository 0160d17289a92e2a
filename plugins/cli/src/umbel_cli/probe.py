"""`python -m umbel_cli.probe KIND NAME DISTRIBUTION`: loads one plugin, in the process that `umbel_cli.loading` starts.

The last line of standard output is the reason why it cannot be used, as JSON; `null` means that it can. A plugin that
crashes takes only this process with it.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import EntryPoint, entry_points

from stevedore import DriverManager

from umbel.exceptions import PluginError
from umbel.plugin.catalogue import FACTS, Catalogue, Entry
from umbel.plugin.installed import PREFIX
from umbel.plugin.loader import load_object
from umbel_cli.loading import load_entry


def _compare(catalogue: Catalogue, entry: Entry) -> None:
    """Raises `PluginError` unless stevedore, as any other tool would use it, loads the same object.

    The kernel reads entry points by itself, which saves a worker 40 ms at its start; this holds it to the standard.
    """
    if entry.kind in FACTS or not entry.distribution:
        return
    seen = {(point.name, point.value) for point in entry_points(group=PREFIX + entry.kind)}
    if (entry.name, entry.value) not in seen:
        raise PluginError(f"importlib.metadata does not see it; pip install --force-reinstall {entry.distribution}")
    if Chosen(entry).driver is not load_object(catalogue, entry):
        raise PluginError(f"stevedore loads another object for {entry.value}; is the module twice on sys.path?")


class Chosen(DriverManager):  # type: ignore[type-arg]  # older stevedores are not generic
    """Stevedore's driver pattern on the entry point that our catalogue chose: its own choice would take the last of two
    conflicting ones, from a cache whose times are rounded to two minutes."""

    def __init__(self, entry: Entry) -> None:
        self._point = EntryPoint(entry.name, entry.value, PREFIX + entry.kind)
        super().__init__(self._point.group, entry.name)

    def list_entry_points(self) -> list[EntryPoint]:
        return [self._point]


def main(kind: str, name: str, distribution: str) -> None:
    """Prints what `umbel_cli.loading.probe` reads."""
    catalogue = Catalogue()
    reason = None
    for entry in catalogue.entries(kind):
        if (entry.name, entry.distribution) == (name, distribution):
            try:
                load_entry(catalogue, entry)
                _compare(catalogue, entry)
            except PluginError as error:
                reason = str(error)
    print()  # whatever the plugin has printed ends here
    print(json.dumps(reason))


if __name__ == "__main__":
    main(*sys.argv[1:])
