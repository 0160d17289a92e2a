"""Loads whatever an entry stands for: here, or first in a process of its own to see whether that works."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from umbel.exceptions import PluginError
from umbel.plugin import hooks
from umbel.plugin.catalogue import DRIVERS, Catalogue, Entry
from umbel.plugin.loader import load_command, load_driver, load_object, load_worker_option

TIMEOUT_S = 60


def probe(entry: Entry) -> str | None:
    """Why the plugin cannot be used, or None. Blocks up to `TIMEOUT_S` seconds."""
    command = [sys.executable, "-m", "umbel_cli.probe", entry.kind, entry.name, entry.distribution]
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
    if entry.kind == "worker_option":
        return load_worker_option(catalogue, entry)
    if entry.kind == "hook":
        plugin = load_object(catalogue, entry)
        hooks.verified(entry, plugin)
        return plugin
    if entry.kind == "default":
        return catalogue.find(entry.name, entry.value, f"the default of {entry.origin}")
    return entry.value if entry.kind == "hint" else load_object(catalogue, entry)
