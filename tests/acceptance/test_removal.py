"""Take any folder of plugins/ or contrib/ away: everything else installs and runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(
    path.parent.relative_to(ROOT) for kind in ("plugins", "contrib") for path in ROOT.glob(f"{kind}/*/pyproject.toml")
)
#: In CI: one without which there is another driver of its kind, and no default one.
REPRESENTATIVE = Path("plugins/prefork")

APP = """
from umbel import Umbel
app = Umbel("proj")

@app.task
def add(x, y):
    return x + y
"""
#: Where several pools are left and none is the default, the user says which.
POOLS = {Path("plugins/prefork"): "solo"}
#: What brings `umbel plugins`.
CLI = Path("plugins/cli")
#: Enqueue, run and read back, in one process: any transport and any pool can do that.
SMOKE = """
import threading
from proj import add, app
from umbel.worker import Worker

worker = Worker(app, concurrency=1, pool=POOL)
thread = threading.Thread(target=lambda: (print(add.delay(2, 3).get(timeout=60)), worker.stop()))
thread.start()
code = worker.run(handle_signals=False)
thread.join()
raise SystemExit(code)
"""


def folders() -> list:
    slow = pytest.mark.removal
    return [pytest.param(f, marks=[] if f == REPRESENTATIVE else [slow], id=str(f)) for f in FOLDERS]


@pytest.mark.parametrize("folder", folders())
def test_without_a_folder_everything_else_installs_and_runs(folder: Path, tmp_path: Path) -> None:
    python = install(tmp_path, without=folder)
    assert ("plugins" in run(python, "-m", "umbel", "--help").split()) == (folder != CLI)
    for command in ("check", "list") if folder != CLI else ():
        run(python, "-m", "umbel", "plugins", command)
    (tmp_path / "proj.py").write_text(APP)
    assert run(python, "-c", f"POOL = {POOLS.get(folder)!r}\n{SMOKE}").endswith("5\n")


def install(target: Path, without: Path) -> Path:
    """A Python with every distribution of a copy of this repository from which one folder was removed."""
    copy = target / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist"))
    shutil.rmtree(copy / without)
    for folder in [Path("core"), *FOLDERS, Path(".")]:
        if folder != without:
            build = ["-m", "hatchling", "build", "--target", "wheel", "--directory", str(target / "wheels")]
            run(sys.executable, *build, cwd=copy / folder)
    venv.create(target / "venv", symlinks=True)
    python = target / "venv" / "bin" / "python"
    wheels = map(str, (target / "wheels").iterdir())
    # With the settings of pip that this machine has.
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *wheels, environment=os.environ)
    return python


def run(
    python: Path | str, *arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """What it prints, in an empty home; an error of it is this test's."""
    where = cwd or Path(python).parents[2]
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(where), "XDG_STATE_HOME": str(where / "state")}
    ran = subprocess.run(
        [str(python), *arguments], cwd=where, env=environment or clean, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
