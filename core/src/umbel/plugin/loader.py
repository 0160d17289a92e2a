"""Imports the plugin that was chosen, and no other."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeVar

from umbel.exceptions import PluginError
from umbel.plugin import fit, hooks
from umbel.plugin.catalogue import Catalogue, Entry
from umbel.plugin.problems import Problem, missing_module_advice

if TYPE_CHECKING:
    import click

T = TypeVar("T")


def load(catalogue: Catalogue, kind: str, name: str, source: str = "") -> type[Any]:
    """The driver class of that kind and name. `source` says in an error where the name came from.

    Raises `PluginError`: not found, in conflict, disabled, broken, or written for another contract.
    """
    return load_driver(catalogue, catalogue.find(kind, name, source))


def load_driver(catalogue: Catalogue, entry: Entry) -> type[Any]:
    """The driver class of an entry."""
    plugin = load_object(catalogue, entry)
    return fit.check(entry, plugin if isinstance(plugin, type) else _ask(entry, plugin))


def load_all(
    catalogue: Catalogue, kind: str, required: Collection[str] = ()
) -> tuple[dict[str, type[Any]], list[Problem]]:
    """Every driver of a kind that can be used, by name, and what is wrong with the others.

    A problem of one that the setting `plugins_required` names (`required`) is raised.
    """
    catalogue.require(required)
    drivers: dict[str, type[Any]] = {}
    problems = []
    for entry in catalogue.entries(kind):
        if entry.status == "conflict":
            problems.append(Problem.of(entry, entry.problem))
        elif entry.status == "ok":
            try:
                drivers[entry.name] = load_driver(catalogue, entry)
            except PluginError as error:
                if any(entry.matches(pattern) for pattern in required):
                    raise
                problems.append(Problem.of(entry, error))
    return drivers, problems


def load_command(catalogue: Catalogue, entry: Entry) -> click.Command:
    """The CLI command of an entry."""
    from click import Command  # noqa: PLC0415  (only the command line needs click)

    return _of_click(catalogue, entry, Command)


def load_worker_option(catalogue: Catalogue, entry: Entry) -> click.Option:
    """The flag of an entry."""
    from click import Option  # noqa: PLC0415

    return _of_click(catalogue, entry, Option)


def _of_click(catalogue: Catalogue, entry: Entry, wanted: type[T]) -> T:
    plugin = load_object(catalogue, entry)
    found = plugin if isinstance(plugin, wanted) else _ask(entry, plugin)
    if not isinstance(found, wanted):
        raise PluginError(f"{entry} gave {found!r}, which is not a click.{wanted.__name__}")
    return found


def load_object(catalogue: Catalogue, entry: Entry) -> Any:
    """The module or object that the entry point names."""
    registered = catalogue.registered(entry)
    if registered is not None:
        return registered
    try:
        return _import(entry)
    except ImportError as error:
        raise PluginError(f"{entry} cannot be imported: {error}; {missing_module_advice(error, entry)}") from error
    except (Exception, SystemExit) as error:
        raise PluginError(f"{entry} ({entry.value}) cannot be imported: {type(error).__name__}: {error}") from error


def _import(entry: Entry) -> Any:
    """`module` or `module:object`: https://packaging.python.org/en/latest/specifications/entry-points/#data-model"""
    module, _, attributes = entry.value.partition("[")[0].replace(" ", "").partition(":")
    found: Any = importlib.import_module(module)
    return functools.reduce(getattr, attributes.split("."), found) if attributes else found


def _ask(entry: Entry, plugin: object) -> Any:
    """What the plugin's hook for its kind returns."""
    hook = f"umbel_{entry.kind}"
    caller = getattr(hooks.verified(entry, plugin).hook, hook)
    if not caller.get_hookimpls():
        decorate = "decorate it with" if hasattr(plugin, hook) else f"define `def {hook}()` there, decorated with"
        raise PluginError(
            f"{entry} ({hooks.module_name(plugin)}) does not implement {hook}; {decorate} @umbel.plugin.hookimpl"
        )
    try:
        return caller()
    except ImportError as error:
        raise PluginError(f"{entry}: {hook}() failed: {error}; {missing_module_advice(error, entry)}") from error
    except Exception as error:
        raise PluginError(f"{entry}: {hook}() failed: {type(error).__name__}: {error}") from error
