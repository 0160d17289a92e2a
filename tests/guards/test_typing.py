"""Public functions are typed everywhere, and the kernel passes mypy --strict."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from source_tree import ROOT, Distribution, Function


def test_public_functions_are_annotated(distribution: Distribution) -> None:
    bare = [
        f"{module}:{node.lineno} {node.name}"
        for module in distribution.modules
        for node in module.functions()
        if not node.name.startswith("_") and _bare(node)
    ]
    assert not bare, f"annotate arguments and result of {bare}"


def _bare(function: Function) -> list[str]:
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return [
        *(each.arg for each in arguments if each.annotation is None and each.arg not in ("self", "cls")),
        *(["return"] if function.returns is None else []),
    ]


def test_the_kernel_passes_mypy_strict(core: Distribution) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), "-p", "umbel"]
    ran = subprocess.run(command, cwd=core.folder / "src", capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_rule_sees_what_is_missing() -> None:
    functions = ast.parse("def f(self, a: int, *b: int, c) -> None: ...\ndef g(a: int): ...\n").body
    assert [_bare(each) for each in functions if isinstance(each, Function)] == [["c"], ["return"]]
