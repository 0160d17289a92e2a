"""Every driver of the repository passes the suite of its kind: some test of its distribution subclasses the suite.

The kernel's drivers are tried by the kit itself, which is their tests' only dependency beside the kernel.
"""

from __future__ import annotations

import ast

import pytest
from source_tree import Distribution, Module, distributions, kernel

from umbel.contracts import CONTRACTS
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load

KIT = "umbel_conformance"
KINDS = {
    **{kind: f"{contract.__name__}Conformance" for kind, contract in CONTRACTS.items()},
    "command": "CommandConformance",
}
DRIVERS = [(each, kind, name) for each in distributions() for kind, name in each.entry_points if kind in KINDS]


@pytest.mark.parametrize(("owner", "kind", "name"), DRIVERS, ids=str)
def test_a_driver_has_a_conformance_class(owner: Distribution, kind: str, name: str) -> None:
    home = owner if owner is not kernel() else next((each for each in distributions() if KIT in each.packages), None)
    if home is None:
        pytest.skip("the conformance kit has been taken away")
    suites = [module for module in [*owner.tests, *home.tests] if _subclasses(module, KINDS[kind])]
    advice = f"write a subclass of umbel_conformance.{KINDS[kind]} in {home}/tests for {kind} {name!r}"
    assert suites, advice
    if kind in CONTRACTS:
        driver = load(Catalogue(), kind, name).__name__
        assert any(driver in module.text for module in suites), f"{advice} ({driver})"


def _subclasses(module: Module, suite: str) -> set[str]:
    """The test classes in a module that inherit from the suite, also by way of one another."""
    found = {suite}
    classes = [node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    for _ in classes:
        found |= {
            node.name for node in classes if found & {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        }
    return {name for name in found - {suite} if name.startswith("Test")}
