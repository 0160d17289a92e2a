"""The others on the wire, as their users install them: Celery from the Python index, three clients from npm.

They are installed once, into build/interop, with the user's own settings of pip and npm.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
BUILD = REPOSITORY / "build" / "interop"
VENV = BUILD / f"celery-{sys.version_info.major}.{sys.version_info.minor}"
CELERY = ["celery[redis]==5.7.0"]

#: node-celery does not know later versions of the library `redis` than this.
PACKAGES = {
    "private": True,
    "dependencies": {"celery-node": "0.5.9", "celery-ts": "1.2.3", "node-celery": "0.2.8"},
    "overrides": {"node-celery": {"redis": "2.8.0"}},
}


def celery_scripts() -> Path:
    """The folder with the `python` and the `celery` of a virtual environment that has Celery. Blocks if it is new."""
    stamp = VENV / "installed.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != CELERY:
        base = getattr(sys, "_base_executable", None) or sys.executable
        _run([base, "-m", "venv", "--clear", str(VENV)])
        _run([str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", *CELERY])
        stamp.write_text(json.dumps(CELERY))
    return VENV / "bin"


def node_modules() -> Path:
    """The folder with the npm clients. Blocks if it is new. Skips where there is no Node, unless this is CI."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            absent(f"there is no {command} on the PATH: apt-get install nodejs npm")
    folder = BUILD / "node"
    stamp = folder / "installed.json"
    wanted = json.dumps(PACKAGES, indent=2)
    if not stamp.exists() or stamp.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(wanted)
        _run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(folder)])
        stamp.write_text(wanted)
    return folder / "node_modules"


def absent(reason: str) -> None:
    """Where it has to be there, its absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true")
    pytest.skip(reason)


def _run(command: list[str]) -> None:
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert ran.returncode == 0, f"$ {' '.join(command)}\n{ran.stdout}{ran.stderr}"
