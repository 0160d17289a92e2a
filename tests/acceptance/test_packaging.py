"""Every folder is a distribution that builds, and the root follows from the folders that exist."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(path.parent.relative_to(ROOT) for path in ROOT.glob("*/*/pyproject.toml"))
DISTRIBUTIONS = [Path("core"), *PLUGINS, Path(".")]


@pytest.mark.parametrize("folder", DISTRIBUTIONS, ids=str)
def test_a_wheel_and_an_sdist_build_and_the_sdist_builds_the_same_wheel(folder: Path, tmp_path: Path) -> None:
    hatchling(ROOT / folder, "build", "--directory", str(tmp_path))
    (sdist,), (wheel,) = tmp_path.glob("*.tar.gz"), tmp_path.glob("*.whl")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source")
    (unpacked,) = (tmp_path / "source").iterdir()
    hatchling(unpacked, "build", "--target", "wheel", "--directory", str(tmp_path / "again"))
    assert contents(next((tmp_path / "again").glob("*.whl"))) == contents(wheel)


@pytest.mark.parametrize("folder", PLUGINS, ids=str)
def test_without_a_folder_the_root_asks_for_everything_else(folder: Path, tmp_path: Path) -> None:
    complete = metadata(ROOT)
    without = metadata(copy_of_metadata(tmp_path, folder))
    gone = metadata(ROOT / folder)["name"]
    assert without["dependencies"] == [each for each in complete["dependencies"] if not each.startswith(gone)]
    extras = complete["optional-dependencies"]
    assert without["optional-dependencies"]["all"] == [each for each in extras["all"] if not each.startswith(gone)]
    assert set(without["optional-dependencies"]) == set(extras) - {folder.name}
    drivers = metadata(ROOT / folder).get("entry-points", {})
    kept = {kind: name for kind, name in defaults(complete).items() if name not in drivers.get(f"umbel.{kind}", {})}
    assert defaults(without) == kept


@pytest.mark.parametrize("folder", PLUGINS, ids=str)
def test_a_plugin_requires_the_kernel_and_no_other_distribution_of_this_repository(folder: Path) -> None:
    ours = {metadata(ROOT / each)["name"] for each in DISTRIBUTIONS} - {"umbel-core"}
    required = {Requirement(line).name for line in metadata(ROOT / folder)["dependencies"]}
    assert "umbel-core" in required
    assert not ours & required


def hatchling(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "hatchling", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def metadata(folder: Path) -> dict:
    return json.loads(hatchling(folder, "metadata"))


def defaults(project: dict) -> dict[str, str]:
    return project.get("entry-points", {}).get("umbel.default", {})


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def copy_of_metadata(target: Path, without: Path) -> Path:
    """The files that the root's metadata is made of, without one plugin."""
    names = ["pyproject.toml", "hatch_build.py", "README.md", "LICENSE"]
    for name in [*names, *(str(plugin / "pyproject.toml") for plugin in PLUGINS if plugin != without)]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    return target
