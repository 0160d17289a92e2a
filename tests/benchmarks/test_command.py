"""The command works: what it says of speed is for people to judge, and no test asserts it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs("umbel-sqlite", "umbel-prefork", "umbel-cli")

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_command_prints_a_table_and_writes_everything_as_json(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--with", "umbel", "--only", "round trip,enqueue"]
    ran = subprocess.run([*command, "--json", str(file)], cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "| Umbel prefork 2, default |" in ran.stdout
    assert "*RQ* is not measured on sqlite: Redis only." in ran.stdout
    found = json.loads(file.read_text())
    assert {row["measurement"] for row in found["rows"]} == {"round trip", "enqueue"}
    for row in found["rows"]:
        assert row["trouble"] is None
        assert all(value > 0 for values in row["numbers"].values() for value in values)
    assert {target["met"] for target in found["targets"]} >= {None}, "what was not measured is neither met nor missed"


def test_a_measurement_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--only", "speed"]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "no measurement speed; there are: drain, enqueue, round trip" in ran.stderr
