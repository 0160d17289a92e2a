"""Which files count, and when they have changed."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load_worker_option
from umbel_reload.imports import Herald
from umbel_reload.kinship import Kinship
from umbel_reload.sources import Sources


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of a project, not imported yet."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "module_of_a_project.py"
    path.write_text("")
    yield path
    sys.modules.pop(path.stem, None)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    os.close(reader)
    os.close(writer)


@pytest.fixture
def herald(pipe: tuple[int, int]) -> Iterator[Herald]:
    herald = Herald(pipe[1])
    herald.install()
    yield herald
    sys.meta_path.remove(herald)  # type: ignore[arg-type]


def heard(pipe: tuple[int, int]) -> list[str]:
    return [line.partition(" ")[2] for line in os.read(pipe[0], 65536).decode().splitlines()]


def known(*paths: Path) -> Sources:
    sources = Sources()
    for path in paths:
        sources.hear(f"{path.stat().st_mtime_ns} {path}\n".encode())
    return sources


def change(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def test_a_module_is_named_when_it_is_imported(module: Path, herald: Herald, pipe: tuple[int, int]) -> None:
    assert str(module) not in heard(pipe)
    importlib.import_module(module.stem)
    assert heard(pipe) == [str(module)]


def test_a_module_that_cannot_be_imported_is_named_too(module: Path, herald: Herald, pipe: tuple[int, int]) -> None:
    module.write_text("no Python at all")
    heard(pipe)
    with pytest.raises(SyntaxError):
        importlib.import_module(module.stem)
    assert heard(pipe) == [str(module)]


def test_pythons_own_modules_and_installed_ones_are_not(herald: Herald, pipe: tuple[int, int]) -> None:
    assert not {json.__file__, pytest.__file__, click.__file__}.intersection(heard(pipe))


def test_a_file_has_changed_once(module: Path) -> None:
    sources = known(module)
    assert sources.changed() == []
    change(module)
    assert sources.changed() == [str(module)]
    assert sources.changed() == []
    module.unlink()
    assert sources.changed() == [str(module)]


def test_what_changes_while_it_is_imported_has_changed(module: Path) -> None:
    sources = Sources()
    before = f"{module.stat().st_mtime_ns} {module}\n".encode()
    change(module)
    sources.hear(before)
    assert sources.changed() == [str(module)]


def test_a_name_may_come_in_pieces(module: Path) -> None:
    sources = Sources()
    line = f"0 {module}\n".encode()
    sources.hear(line[:5])
    sources.hear(line[5:])
    assert sources.changed() == [str(module)]


def test_who_looks_around_sees_what_is_new_beside_what_is_known(module: Path, tmp_path: Path) -> None:
    sources = known(module)
    (tmp_path / "beside.py").write_text("")
    began = (tmp_path / "beside.py").stat().st_mtime + 1
    (tmp_path / "new.py").write_text("")
    os.utime(tmp_path / "new.py", (began + 1, began + 1))
    sources.look_around(str(tmp_path), began)
    (tmp_path / "new.txt").write_text("")
    assert sources.appeared(str(tmp_path)) == [str(tmp_path / "new.py")]


def test_who_inherits_the_environment_of_a_worker_is_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Kinship.of_this_process() is None
    for supervisor, kin in ((os.getppid(), True), (os.getpid(), False)):
        for name, value in Kinship(supervisor, 7).environment().items():
            monkeypatch.setenv(name, value)
        assert (Kinship.of_this_process() is not None) is kin


def test_the_flag_is_there() -> None:
    """By the hook `umbel_worker_option`."""
    catalogue = Catalogue()
    option = load_worker_option(catalogue, catalogue.find("worker_option", "reload"))
    assert option.opts == ["--reload"]
    assert not option.expose_value
