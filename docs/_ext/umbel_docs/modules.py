"""The modules of the kernel, each with the first line of its docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from source_tree import kernel

import umbel

ROOT = Path(umbel.__file__).parent


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
    """A sentence about the lines of code that the kernel has, counted as the guard of its size counts them."""
    modules = kernel().modules
    lines = sum(len(module.code_lines) for module in modules)
    return f"The version that this page was built from has {lines:,} in {len(modules)} files."
