"""Importing the modules in which tasks are defined."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Sequence

from umbel import signals
from umbel.exceptions import ImproperlyConfigured


def import_modules(names: Iterable[str]) -> None:
    """Import each module, then tell who waits for that; raises `ImproperlyConfigured` for one that does not exist."""
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
                raise ImproperlyConfigured(
                    f"cannot import {name!r}, which imports, include or autodiscover_tasks names: is it on sys.path?"
                ) from error
            raise
    signals.import_modules.send(None)


def related_modules(packages: Sequence[str], related_name: str | None) -> list[str]:
    """The modules `package.related_name` that exist; the packages themselves with no related name."""
    if not related_name:
        return list(packages)
    found = []
    for package in packages:
        name = f"{package}.{related_name}"
        if importlib.util.find_spec(package) is not None and importlib.util.find_spec(name) is not None:
            found.append(name)
    return found
