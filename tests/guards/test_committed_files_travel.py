"""What is committed works on every machine: no absolute path of one, and no package registry by name."""

from __future__ import annotations

import re
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from source_tree import ROOT

#: A home or working folder, not preceded by what would make it part of a longer path or a URL.
MACHINE = re.compile(r"(?<![\w.~/:$}-])/(?:work|root|home/\w+|Users/\w+)(?=[/\s\"'`),;:]|$)")
REGISTRIES = [r"pypi\.org", r"pythonhosted\.org", r"npmjs\.(?:com|org)", r"proxy\.golang\.org"]


@pytest.fixture(scope="module")
def committed() -> dict[str, list[str]]:
    """The lines of every text file that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (data := path.read_bytes()):
            found[name] = data.decode("utf-8", "replace").splitlines()
    return found


def test_no_path_of_a_machine_is_committed(committed: dict[str, list[str]]) -> None:
    found = _matches(committed, MACHINE)
    assert not found, f"start from Path(__file__) or an environment variable instead: {found}"


def test_no_registry_is_named(committed: dict[str, list[str]]) -> None:
    found = _matches(committed, re.compile("|".join([*REGISTRIES, *map(re.escape, _configured_hosts())])))
    assert not found, f"leave the choice of a registry to whoever installs: {found}"


def _matches(files: dict[str, list[str]], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {match[0]}"
        for name, lines in files.items()
        for number, line in enumerate(lines, 1)
        if (match := pattern.search(line))
    ]


def _configured_hosts() -> set[str]:
    """The registries that pip uses on this machine."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    hosts = {urlsplit(url).hostname for url in re.findall(r"https?://[^\s'\"]+", listed.stdout)}
    return {host for host in hosts if host and host not in ("localhost", "127.0.0.1")}


@pytest.mark.parametrize("line", ["cd {}work/main", "'{}root/.cache'", "open('{}home/me/x')"])
def test_the_rule_sees_paths_of_machines(line: str) -> None:
    assert MACHINE.search(line.format("/"))


@pytest.mark.parametrize("line", ["https://host/work/x", "docs/work/", "~/work", "{tox_root}/work/x", "a /workshop"])
def test_the_rule_leaves_others_alone(line: str) -> None:
    assert not MACHINE.search(line)
