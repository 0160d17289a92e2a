"""How the kit proves itself: drivers that break the contract in one way each, and the test that must find out.

A *liar* is a driver with the attribute `caught_by`, the name of that test, and `patience_s` if that needs more. A file
of liars ends with

    globals().update(suites(globals(), SuiteOfTheirKind))

and its name does not begin with `test_`, so that nobody runs it but `find_out`.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

#: A liar that ends so is broken by accident, which proves nothing.
ACCIDENTS = ("AttributeError", "ImportError", "NameError", "TypeError")


def liars_in(file: Path) -> list[str]:
    """The names of the liars in a file, read without importing it."""
    return [
        one.name
        for one in ast.parse(file.read_text("utf-8")).body
        if isinstance(one, ast.ClassDef) and any("caught_by" in ast.unparse(line) for line in one.body)
    ]


def suites(namespace: Mapping[str, Any], suite: type[Any]) -> dict[str, type[Any]]:
    """A subclass of `suite` for each liar in `namespace` that one of its tests catches; `liar` is what it tests."""
    liars: list[Any] = [one for one in namespace.values() if isinstance(one, type) and "caught_by" in vars(one)]
    mine = [liar for liar in liars if hasattr(suite, liar.caught_by)]
    return {f"Test{liar.__name__}": type(f"Test{liar.__name__}", (suite,), _only_test(suite, liar)) for liar in mine}


def _only_test(suite: type[Any], liar: type[Any]) -> dict[str, Any]:
    patience = {"patience_s": liar.patience_s} if hasattr(liar, "patience_s") else {}
    others = {name: None for name in dir(suite) if name.startswith("test_") and name != liar.caught_by}
    return {"liar": liar, **patience, **others}


def find_out(file: Path, folder: Path) -> dict[str, list[str]]:
    """Let each liar be tested by the test it names, all in one pytest process, which writes to `folder`.

    Returns what the failures said, by the liars' names; an empty list: nobody found out.
    """
    # An empty file of settings, lest those of the repository that the liars lie in hold here.
    (folder / "pytest.ini").touch()
    report = folder / "report.xml"
    options = [
        "-q",
        "--tb=line",
        "--assert=plain",
        "-p",
        "no:cacheprovider",
        "-c",
        "pytest.ini",
        f"--junit-xml={report}",
    ]
    command = [sys.executable, "-m", "pytest", *options, str(file)]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    assert run.returncode == 1, f"expected failing tests and nothing worse, found:\n{run.stdout}{run.stderr}"
    found: dict[str, list[str]] = {liar: [] for liar in liars_in(file)}
    for case in ElementTree.parse(report).iter("testcase"):
        liar = case.get("classname", "").rpartition(".Test")[2]
        found[liar] += [one.get("message") or "" for one in (*case.findall("failure"), *case.findall("error"))]
    return found


def assert_found_out(messages: Sequence[str]) -> None:
    """The test failed, and not by accident."""
    assert messages, "the test passed, or was skipped: it does not find out"
    accidents = [message for message in messages if message.startswith(ACCIDENTS)]
    assert not accidents, f"the liar is broken by accident: {accidents}"
