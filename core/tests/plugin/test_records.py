"""The kernel reads entry points itself; what it finds is what importlib.metadata would find."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PathDistribution, distributions
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from umbel.plugin import loader
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.installed import PREFIX, claims


def test_what_is_installed_here_is_what_importlib_metadata_sees() -> None:
    Catalogue.refresh()
    ours = {(PREFIX + claim.kind, claim.name, claim.value) for claim in claims()}
    points = [point for distribution in distributions() for point in distribution.entry_points]
    theirs = {(each.group, each.name, each.value) for each in points if each.group.startswith(PREFIX)}
    assert ours == theirs
    assert ours


def test_a_plugin_in_a_zip_archive_is_found_and_loaded(
    site: Any, compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("umbel_zipped-2.0.dist-info/METADATA", "Name: umbel-zipped\nVersion: 2.0\n")
        file.writestr("umbel_zipped-2.0.dist-info/entry_points.txt", "[umbel.compression]\nzipped = zipped_plugin\n")
        file.writestr("zipped_plugin.py", dedent(compression))
    monkeypatch.syspath_prepend(str(archive))
    Catalogue.refresh()
    catalogue = Catalogue()
    assert catalogue.find("compression", "zipped").origin == "umbel-zipped 2.0"
    assert loader.load(catalogue, "compression", "zipped").__module__ == "zipped_plugin"


def test_an_import_hook_that_knows_distributions_is_asked(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "umbel_hooked-3.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: umbel-hooked\nVersion: 3.0\n")
    (info / "entry_points.txt").write_text("[umbel.compression]\nhooked = hooked_plugin\n")

    class Hook:
        def find_spec(self, *of: Any) -> None:
            return None

        def find_distributions(self, context: Any = None) -> Iterator[Distribution]:
            yield PathDistribution(info)

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Hook()])
    Catalogue.refresh()
    assert Catalogue().find("compression", "hooked").origin == "umbel-hooked 3.0"


def test_an_egg_info_folder_counts_too(site: Any) -> None:
    info = site.folder / "umbel_egg.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Name: umbel-egg\nVersion: 4.0\n")
    lines = ["# a remark", "[other]", "x = y", "", "[ umbel.compression ]", "egg = egg_plugin:Egg.hatch"]
    (info / "entry_points.txt").write_text("\n".join(lines))
    Catalogue.refresh()
    entry = Catalogue().find("compression", "egg")
    assert (entry.origin, entry.value) == ("umbel-egg 4.0", "egg_plugin:Egg.hatch")


def test_entry_points_without_metadata_hide_themselves_with_a_warning(
    site: Any, caplog: pytest.LogCaptureFixture
) -> None:
    site.install("umbel-bare", {"compression": {"bare": "bare_plugin"}})
    (site.folder / "umbel_bare-1.0.dist-info" / "METADATA").unlink()
    Catalogue.refresh()
    assert "bare" not in Catalogue().names("compression")
    assert "umbel_bare" in caplog.text
