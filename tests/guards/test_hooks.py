"""A hook is a promise to strangers: it is described, and it is tried."""

from __future__ import annotations

import inspect
import re

import pytest
from source_tree import ROOT, distributions, modules_below

from umbel.plugin import specs

HOOKS = {name: hook for name, hook in vars(specs).items() if name.startswith("umbel_")}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_a_docstring(name: str) -> None:
    assert inspect.getdoc(HOOKS[name]), f"say in plugin/specs.py when {name} is called and what it may do"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_has_typed_arguments_and_result(name: str) -> None:
    signature = inspect.signature(HOOKS[name])
    annotations = [each.annotation for each in signature.parameters.values()] + [signature.return_annotation]
    assert inspect.Signature.empty not in annotations, f"annotate {name} in plugin/specs.py"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_in_the_docs(name: str) -> None:
    """By its name, or on the page that is made from all of plugin/specs.py."""
    texts = [page.read_text("utf-8") for suffix in ("md", "rst", "py") for page in (ROOT / "docs").rglob(f"*.{suffix}")]
    mentions = [text for text in texts if name in text or "umbel.plugin.specs" in text or "plugin import specs" in text]
    assert mentions, f"describe {name} below docs/"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_tested(name: str) -> None:
    folders = [*(each.folder / "tests" for each in distributions()), ROOT / "tests"]
    tests = [module for folder in folders for module in modules_below(folder) if "guards" not in module.path.parts]
    tried = [module for module in tests if re.search(rf"\b{name}\b", module.text)]
    assert tried, f"write a test in which {name} is called"
