"""Public names that plugins add: `from umbel import group` finds `group` in the entry-point group `umbel.api`."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any


@cache
def load(name: str) -> Any:
    """The object behind a public name; raises `ImportError` that says which package to install.

    The catalogue is imported only here: most processes never ask for a plugin's name.
    """
    return importlib.import_module("umbel.plugin.api").load_api(name)
