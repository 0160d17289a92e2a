"""Which section a name belongs to: one of the kernel's, or one that an installed plugin contributes.

The kernel's names are looked up first, so a process that sets nothing else never looks for plugins; a plugin's class is
imported when a name with its prefix turns up.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import field, make_class

from umbel.exceptions import PluginError
from umbel.settings.option import Option, Section

if TYPE_CHECKING:
    from umbel.plugin.catalogue import Catalogue, Entry


@cache
def kernel_sections() -> dict[str, Section]:
    """The kernel's sections by prefix."""
    # Making these classes takes longer than the rest of an app, which may never ask for a setting.
    from umbel.settings.schema import KERNEL  # noqa: PLC0415

    return {prefix: Section(prefix, settings_class) for prefix, settings_class in KERNEL.items()}


@cache
def kernel_options() -> dict[str, Option]:
    """The kernel's settings by name."""
    return {option.name: option for section in kernel_sections().values() for option in section.options.values()}


@cache
def old_names() -> dict[str, Option]:
    """The kernel's settings by the uppercase names that Celery once had for them."""
    return {option.old: option for option in kernel_options().values() if option.old}


class Sections:
    """The sections that one app can see. `catalogue` is called when a name is not the kernel's."""

    def __init__(self, catalogue: Callable[[], Catalogue]) -> None:
        self._catalogue = catalogue
        self._loaded: dict[str, Section] = {}

    def option(self, name: str) -> Option | None:
        """The setting of that name, new or old; None if there is none.

        Raises `PluginError` if it belongs to a plugin that cannot be used.
        """
        return kernel_options().get(name) or old_names().get(name) or self._contributed(name)

    def section(self, prefix: str) -> Section | None:
        """The section with that prefix; None if there is none. Raises `PluginError`, also if its plugin is disabled."""
        if prefix in kernel_sections():
            return kernel_sections()[prefix]
        return self._load(prefix) if prefix in self._installed() else None

    def prefix_of(self, name: str) -> str | None:
        """The longest prefix of a section that `name` begins with; None if there is none."""
        prefixes = [prefix for prefix in (*kernel_sections(), *self._installed()) if prefix]
        return max((p for p in prefixes if name.lower().startswith(f"{p}_")), key=len, default=None)

    def loaded(self) -> list[Option]:
        """The settings of the sections that have been imported."""
        contributed = [option for section in self._loaded.values() for option in section.options.values()]
        return [*kernel_options().values(), *contributed]

    def _contributed(self, name: str) -> Option | None:
        prefix = self.prefix_of(name)
        entry = self._installed().get(prefix or "")
        if prefix and entry:
            key = name.lower()[len(prefix) + 1 :]
            section = _unchecked(prefix, key) if entry.status == "disabled" else self._load(prefix)
            return section.options.get(key)
        return self._once_called(name) if name.startswith("CELERY") else None

    def _once_called(self, name: str) -> Option | None:
        """The plugin's setting that had this old name, which does not show the section (`CELERYBEAT_SCHEDULE`)."""
        for prefix in self._installed():
            with suppress(PluginError):  # nobody has asked for this one
                self._load(prefix)
        return next((option for option in self.loaded() if option.old == name), None)

    def _installed(self) -> dict[str, Entry]:
        """By prefix; of two that claim one prefix either will do, since using it is an error."""
        return {entry.name: entry for entry in self._catalogue().entries("settings")}

    def _load(self, prefix: str) -> Section:
        if prefix not in self._loaded:
            # Stevedore and pluggy, which importing a plugin takes, are for those who use one.
            from umbel.plugin.loader import load_object  # noqa: PLC0415

            catalogue = self._catalogue()
            settings_class = load_object(catalogue, catalogue.find("settings", prefix))
            self._loaded[prefix] = Section(prefix, settings_class)
        return self._loaded[prefix]


def _unchecked(prefix: str, key: str) -> Section:
    """Stands in for the section of a disabled plugin: what is set for it is kept, and nobody looks at it."""
    return Section(prefix, make_class("DisabledSettings", {key: field(default=None, type=Any)}))
