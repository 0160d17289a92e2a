"""A producer that only calls `delay()` must not pay for drivers, the plugin machinery, or the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from umbel.plugin.catalogue import Catalogue

HEAVY = {"cattr", "cattrs", "click", "pluggy", "stevedore", "asyncio", "multiprocessing", "sqlite3"}


def loaded_by(program: str) -> set[str]:
    """The modules of a fresh interpreter after `program`."""
    code = f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout.splitlines()[-1]))


@pytest.mark.parametrize("program", ["import umbel", "import umbel; umbel.Umbel('x')"])
def test_no_driver_and_nothing_heavy_is_loaded(program: str) -> None:
    loaded = loaded_by(program) - loaded_by("pass")
    drivers = {
        entry.value.partition(":")[0] for entry in Catalogue().entries() if entry.kind not in ("default", "hint")
    }
    packages = {name.partition(".")[0] for name in drivers} - {"umbel"}
    wrong = sorted(name for name in loaded if name in drivers or name.partition(".")[0] in HEAVY | packages)
    assert not wrong, f"{program!r} loads {wrong}; import them where they are used (python -X importtime shows by whom)"


def test_importing_the_package_loads_next_to_nothing() -> None:
    loaded = loaded_by("import umbel") - loaded_by("pass")
    ours = {name for name in loaded if name.startswith("umbel")}
    assert ours == {"umbel"}, f"umbel/__init__.py must load names when they are used, not {sorted(ours - {'umbel'})}"
