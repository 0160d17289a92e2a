"""What to tell the person whose setting is wrong: what was found, where, what was expected, and what to do."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

from umbel.exceptions import ImproperlyConfigured
from umbel.meant import meant
from umbel.settings.censor import censored
from umbel.settings.check import described
from umbel.settings.option import Option, Section
from umbel.settings.sections import Sections, kernel_options, old_names


def unknown(name: str, source: str, sections: Sections) -> ImproperlyConfigured:
    likely = _meant(name, sections)
    if likely:
        advice = f"did you mean {' or '.join(map(repr, likely))}?"
    elif sections.prefix_of(name):
        advice = "look at the settings reference"
    else:
        advice = f"{nobody_has(name)}; `umbel plugins list` shows what is installed"
    return ImproperlyConfigured(f"there is no setting {name!r} (from {source}): {advice}")


def unknown_key(key: str, source: str, section: Section) -> ImproperlyConfigured:
    known = ", ".join(section.options) or "none"
    return ImproperlyConfigured(f"{section.prefix!r} has no setting {key!r} (from {source}); it has: {known}")


def nobody_has(name: str) -> str:
    """No plugin that is installed would know the name."""
    prefix, line, _ = name.partition("_")
    return f"no installed plugin has settings called {prefix}_…" if line else f"nothing is called {name!r}"


def close(name: str, sections: Sections) -> list[str]:
    """Names of settings that differ from `name` by a slip of the hand."""
    names = old_names() if name.isupper() else [option.name for option in sections.loaded()]
    return meant(name, names, likeness=0.8)


def _meant(name: str, sections: Sections) -> list[str]:
    """Settings that somebody who wrote `name` may have meant, likely ones first."""
    renamed = [old_names()[old].name for old in (name.upper(), f"CELERY_{name.upper()}") if old in old_names()]
    shortened = [known for known in kernel_options() if known.endswith(f"_{name.lower()}")]
    return list(dict.fromkeys([*renamed, *shortened, *close(name, sections)]))[:3]


def mixed(leftovers: Iterable[tuple[str, Option, str]], old_style: bool) -> ImproperlyConfigured:
    """Names of both styles in one configuration; the fewer ones, each with its setting and source."""
    changes = [
        f"{name} should be {(option.old or option.name) if old_style else option.name} (from {source})"
        for name, option, source in leftovers
    ]
    style = "Celery's old uppercase names" if old_style else "lowercase names"
    return ImproperlyConfigured(f"most settings here have {style}, and both cannot be mixed: {'; '.join(changes)}")


def mistyped(option: Option, value: Any, source: str) -> ImproperlyConfigured:
    shown = reprlib.repr(censored(option.name, value))
    return ImproperlyConfigured(
        f"{option.name} is {shown} ({type(value).__name__}), from {source}; expected {described(option.hint)}"
    )


def no_longer(option: Option, source: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{option.name} (from {source}) has no use here: {option.gone}")


def refused(section: Section, error: Exception, sources: Mapping[str, str]) -> ImproperlyConfigured:
    """The section's own class did not take the values; `sources` are those of the keys that somebody has set."""
    where = "; ".join(f"{key} is from {source}" for key, source in sources.items()) or "all are defaults"
    return ImproperlyConfigured(f"the settings of {section.prefix!r} do not fit: {error} ({where})")
