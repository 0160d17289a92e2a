"""The hook reference: every specification in `umbel.plugin.specs`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from umbel.plugin import specs
from umbel.plugin.hooks import known, manager


def markdown() -> str:
    """Drivers, the command, then those that are heard."""
    asked = [_entry(name, hook) for name, hook in hooks() if _is_asked(name)]
    heard = [_entry(name, hook) for name, hook in hooks() if not _is_asked(name)]
    return "\n".join(["## Asked for a driver or a command\n", *asked, "## Heard\n", *heard])


def hooks() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every hook, in the order of the source."""
    for name in sorted(known(), key=lambda name: inspect.getsourcelines(getattr(specs, name))[1]):
        yield name, getattr(specs, name)


def _is_asked(name: str) -> bool:
    """Asked once, and the first answer counts."""
    spec = getattr(manager().hook, name).spec
    return bool(spec and spec.opts.get("firstresult"))


def _entry(name: str, hook: Callable[..., Any]) -> str:
    signature = str(inspect.signature(hook)).replace("'", "")
    return "\n".join([f":::{{hook}} {name}{signature}", inspect.getdoc(hook) or "", ":::", ""])
