"""One setting, and the section that it stands in.

A section is an attrs class. The metadata of a field may have `old`, the uppercase name that Celery once had for the
setting, where that is not the class's `old_prefix` and the field's name; `like`, the setting whose value counts while
this one is None; `gone`, what to do instead of setting it: the name is kept so that whoever still sets it is told; and
`rest`: this field, a dict, takes the transport options that have no field, for a driver who hands them on.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, get_type_hints

import attrs
from attrs import NOTHING, Factory


class Section:
    """An attrs class of settings under the prefix of their names (`worker` for `worker_concurrency`)."""

    def __init__(self, prefix: str, settings_class: type) -> None:
        self.prefix = prefix
        self.settings_class = settings_class
        options = [Option(self, attribute) for attribute in attrs.fields(settings_class) if attribute.init]
        self.options = {option.key: option for option in options}
        self.rest = next((each.name for each in attrs.fields(settings_class) if each.metadata.get("rest")), None)

    @cached_property
    def hints(self) -> dict[str, Any]:
        return get_type_hints(self.settings_class)


class Option:
    """One setting: `name` is what users write, `key` its name within the section."""

    def __init__(self, section: Section, attribute: attrs.Attribute[Any]) -> None:
        prefix = getattr(section.settings_class, "old_prefix", "")
        self._attribute = attribute
        self.section = section
        self.key = attribute.alias or attribute.name
        self.name = f"{section.prefix}_{self.key}" if section.prefix else self.key
        self.old: str = attribute.metadata.get("old") or (prefix and prefix + self.key.upper())
        self.like: str = attribute.metadata.get("like", "")
        self.gone: str = attribute.metadata.get("gone", "")

    @property
    def hint(self) -> Any:
        """The type that values must have. What has a converter takes anything, for the converter to judge."""
        return Any if self._attribute.converter else self.section.hints[self._attribute.name]

    def default(self) -> Any:
        """A fresh default; NOTHING where there is none, or where the class computes it from other fields."""
        default: Any = self._attribute.default
        if isinstance(default, Factory):  # type: ignore[arg-type]
            return NOTHING if default.takes_self else default.factory()
        return default
