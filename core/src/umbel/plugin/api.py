"""Public names that plugins add to the package `umbel` (entry-point group `umbel.api`)."""

from __future__ import annotations

from typing import Any

from umbel.exceptions import PluginError, PluginNotFound
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load_object


def load_api(name: str, catalogue: Catalogue | None = None) -> Any:
    """The object behind a public name; for the `__getattr__` of the package `umbel`.

    Raises `AttributeError` for a name that nobody knows, and `ImportError` with the distribution to install for one
    that is known (entry-point group `umbel.hint`) but not installed: only that error reaches the eyes of somebody who
    writes `from umbel import name`.
    """
    if name.startswith("_"):
        raise AttributeError(f"module 'umbel' has no attribute {name!r}")
    catalogue = catalogue or Catalogue()
    try:
        entry = catalogue.find("api", name)
    except PluginNotFound:
        if name in catalogue.names("hint"):
            hint = catalogue.install_hint(name)
            raise ImportError(f"umbel.{name} comes with a plugin that is not installed: {hint}", name="umbel") from None
        close = catalogue.suggestions("api", name)
        did_you_mean = f"; did you mean {close[0]!r}?" if close else ""
        raise AttributeError(f"module 'umbel' has no attribute {name!r}{did_you_mean}") from None
    except PluginError as error:
        raise ImportError(str(error), name="umbel") from error
    return load_object(catalogue, entry)
