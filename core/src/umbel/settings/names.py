"""Which settings the names in a source mean.

Celery has two styles of names: `task_serializer`, and the old `CELERY_TASK_SERIALIZER`. One source has one style; the
one that most of its names have counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from datetime import timedelta

from attrs import evolve

from umbel.exceptions import UmbelWarning
from umbel.settings import mistakes
from umbel.settings.option import Option
from umbel.settings.sections import Sections, kernel_options, old_names
from umbel.settings.sources import Found

_PLAIN = (str, bytes, int, float, bool, type(None), list, tuple, dict, set, frozenset, timedelta)


def settings_in(source: Mapping[str, Found], sections: Sections, *, strict: bool) -> Iterator[tuple[Option, Found]]:
    """Each setting that the source has, the kernel's first: they say which plugins are disabled.

    A name that no setting has is an error (`ImproperlyConfigured`) where the source is `strict`: a dict or keywords. A
    module may have names of its own; there it is an error only if it looks like a setting's, and else a warning.
    """
    new = {name: kernel_options()[name] for name in source if name in kernel_options()}
    old = {name: old_names()[name] for name in source if name in old_names()}
    old_style = len(old) > len(new) if old or new else all(name.isupper() for name in source)
    winners, losers = (old, new) if old_style else (new, old)
    there = {option.name for option in winners.values()}
    leftovers = [(name, option, source[name].source) for name, option in losers.items() if option.name not in there]
    if leftovers:
        raise mistakes.mixed(leftovers, old_style)
    for name, option in winners.items():
        yield option, _under(name, option, source[name])
    for name, found in source.items():
        if name not in winners and name not in losers:
            contributed = _contributed(name, found, sections, old_style=old_style, strict=strict)
            if contributed is not None:
                yield contributed, _under(name, contributed, found)


def _under(name: str, option: Option, found: Found) -> Found:
    """The value, whose source says the name under which it was found, if it is another."""
    return found if name == option.name else evolve(found, source=f"{name} in {found.source}")


def _contributed(name: str, found: Found, sections: Sections, *, old_style: bool, strict: bool) -> Option | None:
    """The setting of a plugin that has this name; None for a name that may be ignored."""
    other_style = name != (name.upper() if old_style else name.lower())
    if other_style and not strict:
        return None
    option = sections.option(name)
    if option is not None and not other_style:
        return option
    if option is not None:
        raise mistakes.mixed([(name, option, found.source)], old_style)
    looks_like_one = mistakes.close(name, sections) or (not old_style and sections.prefix_of(name))
    if strict or looks_like_one:
        raise mistakes.unknown(name, found.source, sections)
    if isinstance(found.value, _PLAIN) and (not old_style or name.startswith("CELERY")):
        reason = f"{mistakes.nobody_has(name)}; ignored (a name of your own can begin with an underscore)"
        warnings.warn(f"{name} (from {found.source}): {reason}", UmbelWarning, stacklevel=2)
    return None
