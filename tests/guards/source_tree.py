"""The repository as the guards see it: distributions, their modules, and what is written in those."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One Python file. `name` is its dotted name, `package` whether it is a package's `__init__`."""

    def __init__(self, path: Path, top: Path) -> None:
        parts = path.relative_to(top).with_suffix("").parts
        self.path = path
        self.package = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.package else parts)

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def docstrings(self) -> list[ast.Constant]:
        places = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        firsts = [node.body[0] for node in ast.walk(self.tree) if isinstance(node, places) and node.body]
        values = [first.value for first in firsts if isinstance(first, ast.Expr)]
        return [value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]

    @cached_property
    def code_lines(self) -> set[int]:
        """The lines that are not blank, comment or docstring."""
        silent = {
            tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
        }  # fmt: skip
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in silent:
                lines.update(range(token.start[0], token.end[0] + 1))
        for docstring in self.docstrings:
            lines.difference_update(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
        return lines

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def strings(self) -> Iterator[ast.Constant]:
        """String constants that are no docstrings."""
        skip = set(map(id, self.docstrings))
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skip:
                yield node

    def imports(self) -> Iterator[tuple[str, tuple[str, ...], int]]:
        """Module, names that are taken from it, and line, of every import that is carried out: those of functions and
        those by `import_module("…")` too, those for type checkers not."""
        for node in _carried_out(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, (), node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield self._origin(node), tuple(alias.name for alias in node.names), node.lineno
            elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
                yield from ((str(each.value), (), node.lineno) for each in node.args if isinstance(each, ast.Constant))

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        above = parts[: len(parts) - node.level + self.package]
        return ".".join([*above, *([node.module] if node.module else [])])


class Distribution:
    """A folder with a pyproject.toml of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder.relative_to(ROOT))

    @cached_property
    def pyproject(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "pyproject.toml").read_text("utf-8"))

    @property
    def name(self) -> str:
        return str(self.pyproject["project"]["name"])

    @cached_property
    def modules(self) -> list[Module]:
        return modules_below(self.folder / "src")

    @cached_property
    def tests(self) -> list[Module]:
        return modules_below(self.folder / "tests")

    @property
    def packages(self) -> set[str]:
        """What can be imported from it."""
        return {module.name.partition(".")[0] for module in self.modules}

    @property
    def entry_points(self) -> list[tuple[str, str]]:
        """Kind and name of everything that it contributes."""
        groups = self.pyproject["project"].get("entry-points", {})
        return [
            (group.partition(".")[2], name)
            for group, names in groups.items()
            if group.startswith("umbel.")
            for name in names
        ]


def modules_below(top: Path) -> list[Module]:
    return [Module(path, top) for path in sorted(top.rglob("*.py"))]


@cache
def kernel() -> Distribution:
    return Distribution(ROOT / "core")


@cache
def distributions() -> list[Distribution]:
    """The kernel, and then every plugin and contribution."""
    folders = sorted(path.parent for kind in ("plugins", "contrib") for path in ROOT.glob(f"{kind}/*/pyproject.toml"))
    return [kernel(), *map(Distribution, folders)]


def _carried_out(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from _carried_out(other)
        else:
            yield child
            yield from _carried_out(child)


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))
