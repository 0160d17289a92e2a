"""A file is one idea, and its name says it."""

from __future__ import annotations

from source_tree import ROOT, distributions, modules_below

EMPTY = {"base", "common", "helper", "helpers", "misc", "stuff", "tools", "util", "utils"}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    tests = [*modules_below(ROOT / "tests"), *(module for each in distributions() for module in each.tests)]
    modules = [*(module for each in distributions() for module in each.modules), *tests]
    drawers = [str(module) for module in modules if EMPTY & set(module.name.split("."))]
    assert not drawers, f"name these after what they do: {drawers}"
