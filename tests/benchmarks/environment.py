"""The peers' virtual environment: made once, in the build folder, with nothing of Umbel in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .contender import Contender

REPOSITORY = Path(__file__).resolve().parents[2]
PEERS = REPOSITORY / "build" / "benchmarks" / f"peers-{sys.version_info.major}.{sys.version_info.minor}"

VERSIONS = """
import importlib.metadata, json, sys
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return None
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def scripts_of(contender: Contender) -> Path:
    """The folder with the contender's `python` and commands."""
    return PEERS / "bin" if contender.requirements else Path(sys.executable).parent


def prepare(contenders: Iterable[Contender]) -> None:
    """Install what the peers among `contenders` need and do not have. Blocks, and uses the user's pip settings."""
    wanted = sorted({line for contender in contenders for line in contender.requirements})
    stamp = PEERS / "installed.json"
    if not wanted or (stamp.exists() and set(wanted) <= set(json.loads(stamp.read_text()))):
        return
    print(f"installing {', '.join(wanted)} into {PEERS.relative_to(REPOSITORY)} …", file=sys.stderr, flush=True)
    if not (PEERS / "bin" / "python").exists():
        base = getattr(sys, "_base_executable", None) or sys.executable
        subprocess.run([base, "-m", "venv", str(PEERS)], check=True)
    pip = [str(PEERS / "bin" / "python"), "-m", "pip", "install", "-q", *wanted]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pip could not install the peers; --with umbel measures without them:\n{done.stderr}")
    stamp.write_text(json.dumps(wanted))


def versions(contender: Contender) -> dict[str, str]:
    """The installed versions of the contender's distributions."""
    command = [str(scripts_of(contender) / "python"), "-c", VERSIONS, *contender.distributions]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {name: found for name, found in answer.items() if found}
