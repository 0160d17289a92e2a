"""`python -m umbel.cli.probe KIND NAME DISTRIBUTION`: loads one plugin in a process of its own.

The last line of standard output is the reason why it cannot be used, as JSON; `null` means that it can. A plugin that
crashes takes only this process with it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from stevedore import DriverManager

from umbel.exceptions import PluginError
from umbel.plugin import hooks
from umbel.plugin.catalogue import DRIVERS, FACTS, Catalogue, Entry
from umbel.plugin.installed import PREFIX
from umbel.plugin.loader import load_command, load_driver, load_object

TIMEOUT_S = 60


def probe(entry: Entry) -> str | None:
    """Why the plugin cannot be used, or None. Blocks up to `TIMEOUT_S` seconds."""
    command = [sys.executable, "-m", "umbel.cli.probe", entry.kind, entry.name, entry.distribution]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"it did not finish loading within {TIMEOUT_S} s"
    try:
        reason: str | None = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        return f"loading it ended the process ({how}): {last}"
    return reason


def load_entry(catalogue: Catalogue, entry: Entry) -> Any:
    """Whatever an entry of any kind stands for; raises `PluginError` for everything that is wrong with it."""
    if entry.problem is not None:
        raise PluginError(entry.problem)
    if entry.kind in DRIVERS:
        return load_driver(catalogue, entry)
    if entry.kind == "command":
        return load_command(catalogue, entry)
    if entry.kind == "hook":
        plugin = load_object(catalogue, entry)
        hooks.verified(entry, plugin)
        return plugin
    if entry.kind == "default":
        return catalogue.find(entry.name, entry.value, f"the default of {entry.origin}")
    return entry.value if entry.kind == "hint" else load_object(catalogue, entry)


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
    """Prints what `probe` reads."""
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
