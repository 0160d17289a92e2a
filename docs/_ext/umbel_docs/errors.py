"""The tree of exceptions, drawn from the classes of `umbel.exceptions`."""

from __future__ import annotations

import builtins
import inspect

from umbel import exceptions


def markdown() -> str:
    """Errors and warnings as nested lists, each class under a base of ours if it has one, else under its first."""
    children: dict[type, list[type]] = {}
    for found in classes():
        children.setdefault(_parent(found), []).append(found)
    roots = sorted((base for base in children if base.__module__ == builtins.__name__), key=lambda base: base.__name__)
    lines: list[str] = []
    for base in roots:
        lines += [f"- `{base.__name__}`", *_below(base, children, 1)]
    return "\n".join(lines)


def classes() -> list[type]:
    """Every exception class of the module under its own name, in the order of the source."""
    found = [value for name, value in vars(exceptions).items() if inspect.isclass(value) and value.__name__ == name]
    return [value for value in found if issubclass(value, BaseException) and value.__module__ == exceptions.__name__]


def _parent(found: type) -> type:
    ours = (base for base in found.__bases__ if base.__module__ == exceptions.__name__)
    return next(ours, found.__bases__[0])


def _below(base: type, children: dict[type, list[type]], depth: int) -> list[str]:
    lines = []
    for found in children.get(base, ()):
        others = [f"`{other.__name__}`" for other in found.__bases__ if other is not base]
        also = f" (also a {' and a '.join(others)})" if others else ""
        about = " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split())
        lines += [f"{'  ' * depth}- `{found.__name__}`{also}: {about}", *_below(found, children, depth + 1)]
    return lines
