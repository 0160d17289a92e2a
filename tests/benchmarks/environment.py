"""The peers' virtual environments: made once, in the build folder, with nothing of Umbel in them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from .contender import Contender

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / "build" / "benchmarks"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

VERSIONS = """
import importlib.metadata, json, sys
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return None
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def scripts_of(contender: Contender) -> Path:
    """The folder with the contender's `python` and commands."""
    return _folder(contender.venv) / "bin" if contender.requirements else Path(sys.executable).parent


def prepare(contenders: Iterable[Contender]) -> None:
    """Install what the peers among `contenders` need and do not have. Blocks, and uses the user's pip settings."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for contender in contenders:
        wanted[contender.venv] |= set(contender.requirements)
    for venv, lines in wanted.items():
        stamp = _folder(venv) / "installed.json"
        there = set(json.loads(stamp.read_text())) if stamp.exists() else set()
        if not lines <= there:
            _install(_folder(venv), sorted(lines | there))
            stamp.write_text(json.dumps(sorted(lines | there)))


def _install(folder: Path, lines: Sequence[str]) -> None:
    print(f"installing {', '.join(lines)} into {folder.relative_to(REPOSITORY)} …", file=sys.stderr, flush=True)
    if not (folder / "bin" / "python").exists():
        base = getattr(sys, "_base_executable", None) or sys.executable
        subprocess.run([base, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *lines]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pip could not install the peers; --with umbel measures without them:\n{done.stderr}")


def _folder(venv: str) -> Path:
    return BUILD / f"{venv}-{PYTHON}"


def versions(contender: Contender) -> dict[str, str]:
    """The installed versions of the contender's distributions."""
    command = [str(scripts_of(contender) / "python"), "-c", VERSIONS, *contender.distributions]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {name: found for name, found in answer.items() if found}
