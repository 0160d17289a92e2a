"""The settings reference: the kernel's sections, and those of every plugin that is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import NOTHING
from sphinx.pycode import ModuleAnalyzer

from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load_object
from umbel.settings.check import described
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
    """References to the kernel's settings that nothing reads."""
    options = [option for prefix, each in KERNEL.items() for option in Section(prefix, each).options.values()]
    names = [option.name for option in options if not option.gone and not is_read(option.name)]
    return ", ".join(f"{{setting}}`{name}`" for name in names) or "none"


@cache
def is_read(name: str) -> bool:
    """Whether any installed code of ours mentions the setting, its declaration aside."""
    return any(re.search(rf"\b{name}\b", text) for text in _sources())


@cache
def _sources() -> list[str]:
    ours = [entry for entry in Catalogue().entries() if entry.distribution.startswith("umbel-")]
    packages = {entry.value.partition(".")[0] for entry in ours}
    folders = [Path(spec.origin).parent for name in packages if (spec := find_spec(name)) and spec.origin]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    schema = Path(import_module("umbel.settings.schema").__file__ or "").parent
    return [path.read_text("utf-8") for path in files if schema not in path.parents]


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
