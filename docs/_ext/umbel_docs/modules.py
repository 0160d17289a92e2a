"""The modules of the kernel, each with the first line of its docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from source_tree import kernel

import umbel

ROOT = Path(umbel.__file__).parent
#: Parts with fewer lines of code are not named.
LARGE = 200


def markdown() -> str:
    """A list for each package."""
    lines: list[str] = []
    for package, members in packages():
        lines += [f"## `{package}`\n", about(members[0]), ""]
        lines += [f"`{path.stem}`\n: {about(path)}\n" for path in members[1:]]
    return "\n".join(lines)


def packages() -> Iterator[tuple[str, list[Path]]]:
    """The dotted name of each package and its modules, `__init__` first."""
    for init in sorted(ROOT.rglob("__init__.py"), key=lambda path: path.parent):
        others = sorted(path for path in init.parent.glob("*.py") if path != init)
        yield ".".join(("umbel", *init.parent.relative_to(ROOT).parts)), [init, *others]


def about(path: Path) -> str:
    """The first paragraph of the module's docstring, on one line."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def size() -> str:
    """How many lines of code the kernel has, and where, counted as the guard of its size counts them."""
    parts: dict[str, int] = {}
    for module in kernel().modules:
        part = ".".join(module.name.split(".")[:2])
        parts[part] = parts.get(part, 0) + len(module.code_lines)
    rows = sorted(parts.items(), key=lambda part: -part[1])
    largest = [f"| `{part}` | {lines:,} |" for part, lines in rows if lines >= LARGE]
    rest = sum(lines for _, lines in rows if lines < LARGE)
    lines = ["| part | lines of code |", "|---|---|", *largest, f"| the rest | {rest:,} |"]
    return "\n".join([*lines, f"| **the kernel** | **{sum(parts.values()):,}** |"])
