from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from umbel.cli.errors import EX_CANTCREAT
from umbel.cli.root import root
from umbel.plugin.catalogue import DRIVERS
from umbel_cli.scaffold import KINDS, TEMPLATES

needs_hatchling = pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed")


def new(kind: str, name: str, path: Path) -> Any:
    return CliRunner().invoke(root, ["plugins", "new", kind, name, "--path", str(path)], prog_name="umbel")


def all_kinds(folder: Path) -> list[Path]:
    """A new plugin of every kind."""
    for kind in KINDS:
        assert new(kind, f"acme-{kind}", folder).exit_code == 0
    return sorted(folder.iterdir())


def test_there_is_a_scaffold_for_every_kind_and_for_a_command() -> None:
    assert (*DRIVERS, "command") == KINDS
    assert {folder.name for folder in TEMPLATES.iterdir()} == {"common", *KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_passes_its_conformance_suite_as_it_is(site: Any, kind: str) -> None:
    pytest.importorskip("umbel_conformance")
    assert new(kind, "acme-box", site.folder).exit_code == 0
    folder = site.folder / "umbel-acme-box"
    tests = site.run(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)),
        PYTHONPATH=str(folder / "src"),
    )
    assert tests.returncode == 0, tests.stdout
    assert " passed" in tests.stdout


@needs_hatchling
def test_new_plugins_install_and_load_also_from_an_sdist(site: Any, tmp_path: Path) -> None:
    folders = all_kinds(tmp_path / "new")
    built = site.run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path), cwd=folders[0])
    assert built.returncode == 0, built.stderr
    (sdist,) = tmp_path.glob("*.tar.gz")
    pip = ("-m", "pip", "install", "--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--target")
    installed = site.run(sys.executable, *pip, str(site.folder), str(sdist), *map(str, folders[1:]))
    assert installed.returncode == 0, installed.stderr
    listed = json.loads(site.umbel("plugins", "list", "--json").stdout)
    mine = {(each["kind"], each["name"]): each for each in listed if each["distribution"].startswith("umbel-acme-")}
    assert {(kind, f"acme-{kind}") for kind in KINDS} <= set(mine)
    checked = site.umbel("plugins", "check", *(folder.name for folder in folders))
    assert checked.returncode == 0, checked.stdout
    assert site.umbel("acme-command", "--greeting", "hi").stdout == "hi\n"


def test_the_settings_of_a_new_transport_reach_it(site: Any) -> None:
    assert new("transport", "acme-box", site.folder).exit_code == 0
    site.install(
        "umbel-acme-box",
        {
            "transport": {"acme-box": "umbel_acme_box.plugin"},
            "settings": {"acme_box": "umbel_acme_box.settings:AcmeBoxSettings"},
        },
        version="0.1.0",
    )
    script = (
        "from umbel.app.app import Umbel\n"
        "app = Umbel('x', broker='acme-box://here', backend='disabled')\n"
        "app.conf.acme_box_max_messages = 7\n"
        "print(type(app.transport).__name__, app.transport.settings.max_messages)\n"
    )
    path = os.pathsep.join([str(site.folder), str(site.folder / "umbel-acme-box" / "src")])
    answer = site.run(sys.executable, "-c", script, PYTHONPATH=path)
    assert answer.stdout == "AcmeBoxTransport 7\n", answer.stderr


def test_every_file_of_a_new_plugin_says_its_name_and_leaves_no_placeholder(tmp_path: Path) -> None:
    for folder in all_kinds(tmp_path / "new"):
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {"pyproject.toml", "README.md", "LICENSE", "plugin.py", "py.typed", "test_conformance.py"} <= {
            path.name for path in files
        }
        for path in files:
            assert "$" not in path.read_text(), path
            assert not any(len(line) > 120 for line in path.read_text().splitlines()), path


def test_an_existing_folder_is_never_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "umbel-acme-box" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("my work")
    answer = new("pool", "acme-box", tmp_path)
    assert answer.exit_code == EX_CANTCREAT
    assert "exists already" in answer.output
    assert [path.name for path in mine.parent.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = new("pool", "acme-box", tmp_path / "file" / "below")
    assert answer.exit_code in (2, EX_CANTCREAT)
    assert "Traceback" not in answer.output


@pytest.mark.parametrize(
    "name", ["Acme", "acme_box", "1acme", "acme--box", "-acme", "acme.box", "", "import os", "../x"]
)
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    answer = CliRunner().invoke(root, ["plugins", "new", "--path", str(tmp_path), "--", "pool", name])
    assert answer.exit_code == 1
    assert "cannot be a plugin's name" in answer.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "name"), [("serializer", "json"), ("pool", "core"), ("command", "plugins")])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    answer = new(kind, name, tmp_path)
    assert answer.exit_code == 1
    assert "the name is taken" in answer.output
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_another_plugin_has_for_another_kind_is_free(site: Any, tmp_path: Path) -> None:
    site.install("acme-tools", {"transport": {"acme-box": "acme_plugin"}})
    assert new("transport", "acme-box", tmp_path).exit_code == 1
    assert new("pool", "acme-box", tmp_path).exit_code == 0
