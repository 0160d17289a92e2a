"""Servers that are Node's: installed once, into build/brokers, with the user's own settings of npm."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from broker_servers.process import absent

FOLDER = Path(__file__).resolve().parents[3] / "build" / "brokers"
PACKAGES = {"private": True, "dependencies": {"azurite": "3.37.0"}}


def node_modules() -> Path:
    """The folder with them. Blocks if it is new. Skips where there is no Node, unless this is CI."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            absent(f"there is no {command} on the PATH: apt-get install nodejs npm")
    stamp = FOLDER / "installed.json"
    wanted = json.dumps(PACKAGES, indent=2)
    if not stamp.exists() or stamp.read_text() != wanted:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", str(FOLDER)]
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        stamp.write_text(wanted)
    return FOLDER / "node_modules"
