"""`python -m umbel.cli.probe KIND NAME DISTRIBUTION`: loads one plugin in a process of its own.

The last line of standard output is the reason why it cannot be used, as JSON; `null` means that it can. A plugin that
crashes takes only this process with it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from umbel.exceptions import PluginError
from umbel.plugin import hooks
from umbel.plugin.catalogue import DRIVERS, Catalogue, Entry
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


def main(kind: str, name: str, distribution: str) -> None:
    """Prints what `probe` reads."""
    catalogue = Catalogue()
    reason = None
    for entry in catalogue.entries(kind):
        if (entry.name, entry.distribution) == (name, distribution):
            try:
                load_entry(catalogue, entry)
            except PluginError as error:
                reason = str(error)
    print()  # whatever the plugin has printed ends here
    print(json.dumps(reason))


if __name__ == "__main__":
    main(*sys.argv[1:])
