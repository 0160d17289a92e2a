"""Registers a plugin with pluggy, and finds what pluggy would let pass."""

from __future__ import annotations

import pluggy

from umbel.exceptions import PluginError
from umbel.meant import meant
from umbel.plugin import specs
from umbel.plugin.catalogue import Entry


def manager() -> pluggy.PluginManager:
    """A plugin manager that knows every hook and has no plugin yet."""
    made = pluggy.PluginManager("umbel")
    made.add_hookspecs(specs)
    return made


def verified(entry: Entry, plugin: object) -> pluggy.PluginManager:
    """A plugin manager with this plugin alone; raises `PluginError` for a hook that does not exist or does not fit."""
    alone = manager()
    try:
        alone.register(plugin, name=str(entry))
        alone.check_pending()
    except pluggy.PluginValidationError as error:
        unknown = [caller.name for caller in alone.get_hookcallers(plugin) or () if not caller.has_spec()]
        reason = _misspelled(unknown) if unknown else " ".join(str(error).split())
        raise PluginError(f"{entry} ({module_name(plugin)}) {reason}") from error
    for caller in alone.get_hookcallers(plugin) or ():
        if any(each.wrapper or each.hookwrapper for each in caller.get_hookimpls()):
            raise PluginError(f"{entry} ({module_name(plugin)}) wraps {caller.name}, which Umbel's hooks do not allow")
    return alone


def module_name(plugin: object) -> str:
    """Where a plugin's code is, for an error."""
    name = getattr(plugin, "__name__", type(plugin).__name__)
    return f"module {name}" if type(plugin).__name__ == "module" else str(name)


def known() -> list[str]:
    """The names of all hooks."""
    return sorted(name for name in vars(specs) if name.startswith("umbel_"))


def _misspelled(names: list[str]) -> str:
    texts = []
    for name in names:
        close = meant(name, known(), 1)
        hint = f"did you mean {close[0]!r}?" if close else f"the hooks are {', '.join(known())}"
        texts.append(f"implements a hook that does not exist, {name!r}; {hint}")
    return "; ".join(texts)
