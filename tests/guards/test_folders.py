"""Every folder in plugins/ and contrib/ is a whole distribution that fits this kernel."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from source_tree import ROOT, Distribution, kernel

FOLDERS = sorted(path for kind in ("plugins", "contrib") for path in ROOT.glob(f"{kind}/*") if path.is_dir())
TRACKED = [path for path in FOLDERS if any(path.rglob("*.py"))]


@pytest.mark.parametrize("folder", TRACKED, ids=lambda folder: folder.name)
@pytest.mark.parametrize("part", ["pyproject.toml", "README.md", "src", "tests"])
def test_a_folder_is_complete(folder, part: str) -> None:
    assert (folder / part).exists(), f"{folder.name} needs {part}; `umbel plugins new` shows what belongs there"


def test_a_folder_has_tests_and_is_typed(extension: Distribution) -> None:
    assert any(module.path.name.startswith("test_") for module in extension.tests), f"{extension} has no test"
    for package in extension.packages:
        assert (extension.folder / "src" / package / "py.typed").exists(), f"{extension}: add src/{package}/py.typed"


def test_names_follow_the_folder(extension: Distribution) -> None:
    expected = f"umbel-{extension.folder.name}"
    assert extension.name == expected
    assert extension.packages == {expected.replace("-", "_")}, f"its package is src/{expected.replace('-', '_')}"


def test_versions_move_in_lockstep(extension: Distribution) -> None:
    version = kernel().pyproject["project"]["version"]
    project = extension.pyproject["project"]
    assert project["version"] == version, f"{extension} must have the kernel's version until 1.0"
    required = {each.name: each.specifier for each in map(Requirement, project["dependencies"])}
    assert "umbel-core" in required, f"{extension} must require umbel-core"
    major, minor = (int(part) for part in version.split(".")[:2])
    assert required["umbel-core"] == Requirement(f"x>={major}.{minor},<{major}.{minor + 1}").specifier


def test_what_is_published_says_the_same_everywhere(extension: Distribution) -> None:
    project, kernels = extension.pyproject["project"], kernel().pyproject["project"]
    assert project["license"] == kernels["license"]
    assert project["requires-python"] == kernels["requires-python"]
    assert extension.pyproject["build-system"] == kernel().pyproject["build-system"]
