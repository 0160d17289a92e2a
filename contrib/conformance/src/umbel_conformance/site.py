"""Distributions for a test, without an installer: for tests of what happens when a plugin is there, broken or missing.

`from umbel_conformance.site import site` in your `conftest.py` gives the fixture to your tests.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from umbel.plugin.catalogue import ENVIRONMENT, Catalogue


class Site:
    """A folder on `sys.path` with real distributions: what an installer leaves behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def install(
        self,
        distribution: str,
        points: Mapping[str, Mapping[str, str]],
        *,
        version: str = "1.0",
        requires: Sequence[str] = (),
        **modules: str,
    ) -> None:
        """Add a distribution. `points` are its entry points (kind → name → value), `modules` sources by their names."""
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = [f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}"]
        lines += [f"Requires-Dist: {each}" for each in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n\nVersion: of the readme\n")
        groups = [
            f"[umbel.{kind}]\n" + "".join(f"{name} = {value}\n" for name, value in names.items())
            for kind, names in points.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(groups))
        for name, source in modules.items():
            (self.folder / f"{name}.py").write_text(dedent(source))
        importlib.invalidate_caches()
        Catalogue.refresh()

    def run(self, *command: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command in another process that sees these distributions; `environment` comes over this process's."""
        path = os.pathsep.join([str(self.folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **environment},
            cwd=cwd or self.folder,
            timeout=120,
        )

    def umbel(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command line in another process."""
        return self.run(sys.executable, "-m", "umbel", *arguments, cwd=None, **environment)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty `Site`. What was imported from it is forgotten after the test."""
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    site = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(str(site.folder))
    yield site
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(site.folder)):
            del sys.modules[name]
    monkeypatch.undo()
    Catalogue.refresh()


#: A module that gives a driver which fits.
COMPRESSION = """
    from umbel.contracts import Compression
    from umbel.plugin import hookimpl

    class PlainCompression(Compression):
        contract_version = 1
        content_type = "application/x-plain"
        def compress(self, data):
            return data
        def decompress(self, data, max_bytes):
            return data

    @hookimpl
    def umbel_compression():
        return PlainCompression
"""


@pytest.fixture
def compression() -> str:
    """The source of a module that gives a compression which works."""
    return COMPRESSION
