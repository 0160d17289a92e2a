"""One setting, and the section that it stands in.

A section is an attrs class. The metadata of a field may have `old`, the uppercase name that Celery once had for the
setting, where that is not the class's `old_prefix` and the field's name; `like`, the setting whose value counts while
this one is None; and `gone`, what to do instead of setting it: the name is kept so that whoever still sets it is told.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, get_type_hints

import attrs
from attrs import NOTHING, Factory, frozen


class Section:
    """An attrs class of settings under the prefix of their names (`worker` for `worker_concurrency`)."""

    def __init__(self, prefix: str, settings_class: type) -> None:
        self.prefix = prefix
        self.settings_class = settings_class
        attributes = [a for a in attrs.fields(settings_class) if a.init]
        self.options = {a.alias: Option(self, a) for a in attributes if a.alias}

    @cached_property
    def hints(self) -> dict[str, Any]:
        return get_type_hints(self.settings_class)


@frozen(eq=False)
class Option:
    """One setting: `key` is its name within the section."""

    section: Section
    attribute: attrs.Attribute[Any]

    @property
    def key(self) -> str:
        return self.attribute.alias or self.attribute.name

    @property
    def name(self) -> str:
        return f"{self.section.prefix}_{self.key}" if self.section.prefix else self.key

    @property
    def hint(self) -> Any:
        """The type that values must have. What has a converter takes anything, for the converter to judge."""
        return Any if self.attribute.converter else self.section.hints[self.attribute.name]

    @property
    def old(self) -> str:
        prefix: str = getattr(self.section.settings_class, "old_prefix", "")
        return self.attribute.metadata.get("old") or (prefix + self.key.upper() if prefix else "")

    @property
    def like(self) -> str:
        return str(self.attribute.metadata.get("like", ""))

    @property
    def gone(self) -> str:
        return str(self.attribute.metadata.get("gone", ""))

    def default(self) -> Any:
        """A fresh default; NOTHING where there is none, or where the class computes it from other fields."""
        default: Any = self.attribute.default
        if isinstance(default, Factory):  # type: ignore[arg-type]
            return NOTHING if default.takes_self else default.factory()
        return default
