"""Within a distribution imports have one direction; those inside of functions count, those for type checkers do not.

That a package is imported before its modules does not count: `umbel.model` may take names from `umbel.model.job`.
"""

from __future__ import annotations

from source_tree import Distribution, Module


def test_modules_do_not_import_each_other_in_a_circle(distribution: Distribution) -> None:
    by_name = {module.name: module for module in distribution.modules}
    circles = _circles({name: _imported(module, set(by_name)) - {name} for name, module in by_name.items()})
    assert not circles, (
        f"{circles}: move what they share into a module of its own, or hand it over as an argument; "
        "an import inside of a function only hides the circle"
    )


def test_the_kernel_does_not_use_its_own_front_door(core: Distribution) -> None:
    """`from umbel import Task` would import it by name behind this test's back."""
    modules = {module.name for module in core.modules}
    wrong = [
        f"{module}:{line}: {name}"
        for module in core.modules
        for origin, names, line in module.imports()
        for name in names
        if origin == "umbel" and f"umbel.{name}" not in modules and not name.startswith("__")
    ]
    assert not wrong, f"import from the module where the name is defined: {wrong}"


def _circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which needs all others of its group."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        found, ahead = set(), [start]
        while ahead:
            fresh = graph[ahead.pop()] - found
            found |= fresh
            ahead += fresh
        reached[start] = found
    groups = {tuple(sorted(each for each in reached[name] if name in reached[each])) for name in graph}
    return [list(group) for group in sorted(groups) if group]


def _imported(module: Module, modules: set[str]) -> set[str]:
    """`from a import b` imports `a.b` if that is a module, and otherwise `a`."""
    found = set()
    for origin, names, _ in module.imports():
        found |= {f"{origin}.{name}" if f"{origin}.{name}" in modules else origin for name in names} or {origin}
    return found & modules


def test_the_graph_sees_imports_wherever_they_are(tmp_path) -> None:
    path = tmp_path / "a" / "b.py"
    path.parent.mkdir()
    path.write_text(
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nfrom . import c\nfrom a import f, name\n"
        "if TYPE_CHECKING:\n    import a.hidden\nelse:\n    import a.other\n"
        "def f():\n    from a.d import x\n    importlib.import_module('a.e')\n"
    )
    modules = {"a", "a.b", "a.c", "a.d", "a.e", "a.f", "a.hidden", "a.other"}
    assert _imported(Module(path, tmp_path), modules) == {"a", "a.c", "a.d", "a.e", "a.f", "a.other"}


def test_a_circle_is_found_and_a_diamond_is_none() -> None:
    assert _circles({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []
    assert _circles({"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set()}) == [["a", "b", "c"]]
