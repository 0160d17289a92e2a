"""The settings reference: the kernel's sections, and those of every plugin that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from attrs import NOTHING
from sphinx.pycode import ModuleAnalyzer

from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load_object
from umbel.settings.check import described
from umbel.settings.inert import INERT
from umbel.settings.option import Option, Section
from umbel.settings.schema import KERNEL
from umbel.settings.sources import ENVIRONMENT


def markdown() -> str:
    """All sections, one heading each."""
    parts = []
    for title, section in sections():
        parts.append(f"## {title}\n")
        parts += [_entry(option) for option in section.options.values()]
    return "\n".join(parts)


def sections() -> Iterator[tuple[str, Section]]:
    """Title and section, the kernel's first."""
    for prefix, settings_class in KERNEL.items():
        yield (f"`{prefix}_…`" if prefix else "Without a prefix"), Section(prefix, settings_class)
    catalogue = Catalogue()
    for entry in catalogue.entries("settings"):
        yield f"`{entry.name}_…` ({entry.distribution})", Section(entry.name, load_object(catalogue, entry))


def comment(option: Option) -> str:
    """The `#:` comment over the setting in its class."""
    owner = option.section.settings_class
    found = ModuleAnalyzer.for_module(owner.__module__).find_attr_docs()
    return "\n".join(found.get((owner.__name__, option.key), [])).strip()


def unread() -> str:
    """References to the kernel's settings that have no effect."""
    return ", ".join(f"{{setting}}`{name}`" for name in sorted(INERT)) or "none"


def is_read(name: str) -> bool:
    """Whether the setting has an effect; `tests/guards` holds the list."""
    return name not in INERT


def _entry(option: Option) -> str:
    facts = [f"{described(option.hint)}, default {_default(option)}"]
    if option.old:
        facts.append(f"Celery once called it `{option.old}`")
    if option.name in ENVIRONMENT:
        facts.append(f"environment: {', '.join(f'`{name}`' for name in ENVIRONMENT[option.name])}")
    lines = [f":::{{setting}} {option.name}", f"*{'; '.join(facts)}.*", "", comment(option)]
    if option.gone:
        lines += ["", f"Not used: {option.gone}."]
    elif option.section.prefix in KERNEL and not is_read(option.name):
        lines += ["", "Nothing that is installed here reads it yet: the name and its type are kept for Celery's users."]
    return "\n".join([*lines, ":::", ""])


def _default(option: Option) -> str:
    if option.like:
        return f"as {{setting}}`{option.like}`"
    value: Any = option.default()
    if value is NOTHING:
        return "computed from others"
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    return f"`{value!r}`"
