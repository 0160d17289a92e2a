"""Arrows point inward: contrib → plugins → core."""

from __future__ import annotations

from source_tree import Distribution, Module, distributions

#: What the tests of any distribution may use beside the kernel.
KIT = "umbel_conformance"


def test_a_distribution_imports_only_what_is_further_in(distribution: Distribution) -> None:
    outside = _packages() - distribution.packages - _further_in(distribution)
    wrong = _uses(distribution.modules, outside)
    assert not wrong, (
        f"ask the kernel for a kind (`catalogue`, `app.transport`, a setting) instead of a plugin: {wrong}"
    )


def test_the_tests_of_a_distribution_use_the_kernel_the_kit_and_itself(distribution: Distribution) -> None:
    outside = _packages() - distribution.packages - _further_in(distribution) - {KIT}
    wrong = _uses(distribution.tests, outside)
    assert not wrong, f"a test that needs two plugins belongs in tests/, marked `needs(…)`: {wrong}"


def test_nobody_depends_on_the_conformance_kit_at_run_time(extension: Distribution) -> None:
    if KIT not in extension.packages:
        assert not _uses(extension.modules, {KIT}), "the kit is for tests"


def _packages() -> set[str]:
    return {package for each in distributions() for package in each.packages}


def _further_in(distribution: Distribution) -> set[str]:
    """The kernel; for contrib, plugins too."""
    kinds = {"core": (), "plugins": ("core",), "contrib": ("core", "plugins")}[_ring(distribution)]
    return {package for each in distributions() if _ring(each) in kinds for package in each.packages}


def _ring(distribution: Distribution) -> str:
    return str(distribution).partition("/")[0]


def _uses(modules: list[Module], packages: set[str]) -> list[str]:
    """Imports of these packages, and strings that name one of their modules."""
    found = [
        f"{module}:{line} imports {name}"
        for module in modules
        for name, _, line in module.imports()
        if name.partition(".")[0] in packages
    ]
    found += [
        f"{module}:{string.lineno} names {string.value!r}"
        for module in modules
        for string in module.strings()
        if str(string.value).partition(":")[0].partition(".")[0] in packages
    ]
    return found
