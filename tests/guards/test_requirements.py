"""A distribution requires what it imports, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import packages_distributions

from packaging.requirements import Requirement
from source_tree import Distribution, distributions

from umbel.plugin.installed import canonical


def test_a_distribution_requires_what_it_imports(distribution: Distribution) -> None:
    project = distribution.pyproject["project"]
    always = _names(project["dependencies"])
    extras = _names(line for lines in project.get("optional-dependencies", {}).values() for line in lines)
    imported = _imported(distribution)
    missing, unused = sorted(imported - always - extras), sorted(always - imported)
    assert not missing, f"{distribution}/pyproject.toml must require {missing}, which it imports"
    assert not unused, f"{distribution}/pyproject.toml requires {unused}, which it never imports"


def _names(requirements: Iterable[str]) -> set[str]:
    return {canonical(Requirement(line).name) for line in requirements}


def _imported(distribution: Distribution) -> set[str]:
    """The distributions behind everything that is imported, without the standard library and itself."""
    names = {name.partition(".")[0] for module in distribution.modules for name, _, _ in module.imports()}
    ours = {package: [each.name] for each in distributions() for package in each.packages}
    homes = {**packages_distributions(), **ours}
    others = names - set(sys.stdlib_module_names) - distribution.packages
    return {canonical(home) for name in others for home in homes.get(name, [name])}
