"""Small enough to be read: the kernel, every file, every function. A line of code is one that is not blank, comment or
docstring."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
from source_tree import ROOT, Distribution, Module, distributions, modules_below

#: The design's rule of thumb is 3,500; docs/adr/0006 says what the rest is, and what it was raised for.
KERNEL_LINES = 7_570
FILE_LINES = 400
MEDIAN_LINES = 150
FUNCTION_LINES = 40


def test_the_kernel_is_small(core: Distribution, capsys: pytest.CaptureFixture[str]) -> None:
    lines = {module.name: len(module.code_lines) for module in core.modules}
    parts: dict[str, int] = {}
    for name, count in lines.items():
        part = ".".join(name.split(".")[:2])
        parts[part] = parts.get(part, 0) + count
    largest = ", ".join(f"{part} {count}" for part, count in sorted(parts.items(), key=lambda each: -each[1])[:8])
    figure = f"the kernel has {sum(lines.values())} lines of code in {len(lines)} files ({largest})"
    with capsys.disabled():
        print(f"\n{figure}")
    assert sum(lines.values()) <= KERNEL_LINES, (
        f"{figure}; {KERNEL_LINES} is the limit: what hello() on the in-memory transport does not need is a plugin"
    )


def test_the_median_file_fits_on_a_few_screens(distribution: Distribution) -> None:
    lengths = [len(module.text.splitlines()) for module in distribution.modules]
    assert median(lengths) <= MEDIAN_LINES, f"the files of {distribution} have {lengths} lines; split the long ones"


def test_no_file_is_long() -> None:
    tests = [*modules_below(ROOT / "tests"), *(module for each in distributions() for module in each.tests)]
    source = [module for each in distributions() for module in each.modules]
    found = {str(module): len(module.text.splitlines()) for module in [*source, *tests]}
    long = {name: lines for name, lines in found.items() if lines > FILE_LINES}
    assert not long, f"look for the second idea in {long}; {FILE_LINES} lines are the limit"


def test_no_function_is_long(distribution: Distribution) -> None:
    found = {name: lines for module in distribution.modules for name, lines in _functions(module).items()}
    long = {name: lines for name, lines in found.items() if lines > FUNCTION_LINES}
    assert not long, f"split {long}; {FUNCTION_LINES} lines of code are the limit"


def _functions(module: Module) -> dict[str, int]:
    """How many lines of code each function has, those inside of it included."""
    spans = {f"{module}:{node.lineno}": range(node.lineno, (node.end_lineno or 0) + 1) for node in module.functions()}
    return {name: len(module.code_lines & set(span)) for name, span in spans.items()}


def test_lines_of_code_are_counted_without_comments_and_docstrings() -> None:
    module = Module(Path(__file__).with_name("source_tree.py"), Path(__file__).parent)
    lines = module.text.splitlines()
    numbers = {line: number for number, line in enumerate(lines, 1)}
    assert numbers["import ast"] in module.code_lines
    assert 1 not in module.code_lines  # the docstring
    assert numbers["class Distribution:"] + 1 not in module.code_lines
    assert numbers[""] not in module.code_lines
    assert 100 < len(module.code_lines) < len(lines)
    assert 2 <= min(_functions(module).values()) < max(_functions(module).values()) < 40
