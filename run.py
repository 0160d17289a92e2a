#!/usr/bin/env python3
"""Umbel from a fresh clone, in two commands:

    python3 run.py demo [ARGS]    set up .venv and run `umbel demo ARGS`
    python3 run.py test           set up .venv and run every test: all of them together, then the kernel alone and
                                  each plugin alone in tox environments
    python3 run.py test ARGS      run `pytest ARGS` in .venv, and no tox

Needs Python 3.10 or later with pip, and the network for pip. Everything goes into .venv and .tox; delete them to
start anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
REPORTS = ROOT / ".tox" / "reports"
# Programs that the tests start, and the Debian packages that have them.
PROGRAMS = {
    "redis-server": "redis-server",
    "rabbitmq-server": "rabbitmq-server",
    "node": "nodejs",
    "npm": "npm",
    "etcd": "etcd-server",
    "zooinspector": "zookeeper",  # The server itself is on no PATH.
    "pg_ctlcluster": "postgresql",  # Nor is this one.
}
# Who asks whether a package that is installed may start its service: this says no, for the tests start their own.
POLICY = Path("/usr/sbin/policy-rc.d")
Command = list[str | Path]
# What a summary counts, in the order in which pytest says it.
WORDS = ("failed", "passed", "skipped", "error")
# Runs at once: most tests wait for a server or a worker, so two cores are enough for four.
LANES = 4
# Environments of tox that take minutes: they begin first.
LONG = ("plugin-rabbitmq", "plugin-redis", "py310", "py312", "py313", "plugin-sqlite", "plugin-kombu")
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / "python"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["demo", *rest]:
            set_up()
            return subprocess.call([BIN / "umbel", "demo", *rest])
        case ["test"]:
            set_up(tests=True)
            return test()
        case ["test", *rest]:
            set_up(tests=True)
            return subprocess.call([PYTHON, "-m", "pytest", *rest], cwd=ROOT)
    print(__doc__)
    return 0 if arguments in (["-h"], ["--help"]) else 2


# Set up


def folders() -> list[Path]:
    """The folder of every distribution in this repository, the root last."""
    found = (path.parent for pattern in ("plugins", "contrib") for path in ROOT.glob(f"{pattern}/*/pyproject.toml"))
    return [ROOT / "core", *sorted(found), ROOT]


def own_requirements() -> list[Path]:
    """What the tests of single distributions need beside what all need."""
    return [path for folder in folders()[:-1] if (path := folder / "tests" / "requirements.txt").exists()]


def set_up(tests: bool = False) -> None:
    """Make .venv hold this repository, editable. It is made anew when any pyproject.toml has changed."""
    editables = [argument for folder in folders() for argument in ("--editable", str(folder))]
    if not is_done("umbel"):
        say("setting up .venv")
        shutil.rmtree(ROOT / ".tox", ignore_errors=True)
        make_venv()
        pip_install("--upgrade", "pip", "hatchling", "editables")
        pip_install("--no-build-isolation", *editables)
        mark_done("umbel")
    if tests:
        install_programs()
    if tests and not is_done("tests"):
        say("installing what the tests need")
        files = [ROOT / "tests" / "requirements-all.txt", *own_requirements()]
        pip_install(*(argument for path in files for argument in ("--requirement", str(path))))
        mark_done("tests")


def make_venv() -> None:
    """A virtual environment with pip in it, also where the distribution of Python left out `ensurepip`."""
    attempts = [
        [[sys.executable, "-m", "venv", "--clear", str(VENV)]],
        [
            [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)],
            # --target is allowed where the system's Python refuses installs (PEP 668), and every pip knows it.
            [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site_packages()), "pip"],
        ],
    ]
    if may_install():
        apt = [["apt-get", "update", "--quiet"], ["apt-get", "install", "--yes", "--quiet", "python3-venv"]]
        attempts.append([*apt, *attempts[0]])
    errors = ""
    for commands in attempts:
        for command in commands:
            ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if ran.returncode:
                errors += f"\n$ {' '.join(command)}\n{ran.stdout}"
                break
        else:
            return
    sys.exit(f"run.py: cannot make a virtual environment with {sys.executable}:{errors}")


def may_install() -> bool:
    """Whether this process may install packages of Debian's."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_programs() -> None:
    """What the tests start beside Python. Without it they skip what needs it; with CI=true they fail."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing]
    if not may_install():
        say(f"some tests need more: {' '.join(command)}")
        return
    say(f"installing {', '.join(missing)}")
    # A list of packages that is old, or none, is the likeliest reason for a failure; what is missing after all that is
    # for the tests to say.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with no_service_started():
        for attempt in (command, ["apt-get", "update", "--quiet"], command):
            if not subprocess.call(attempt, stdout=subprocess.DEVNULL, env=environment) and attempt is command:
                return


@contextmanager
def no_service_started() -> Iterator[None]:
    """Packages that are installed meanwhile start nothing (policy-rc.d(8)). What this machine says itself is left."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def site_packages() -> Path:
    return VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def pip_install(*arguments: str) -> None:
    # A user's own pip settings may ask for --user, which a virtual environment refuses.
    environment = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", *arguments]
    if code := subprocess.call(command, env=environment, cwd=ROOT):
        sys.exit(f"run.py: pip failed with exit code {code}: {' '.join(command)}")


def stamp() -> str:
    """Changes with everything that decides what is installed."""
    digest = hashlib.sha256(sys.version.encode())
    files = [folder / "pyproject.toml" for folder in folders()]
    for path in [
        *files,
        *sorted(ROOT.glob("*/requirements*.txt")),
        *own_requirements(),
        ROOT / "hatch_build.py",
        Path(__file__),
    ]:
        digest.update(str(path).encode() + (path.read_bytes() if path.exists() else b""))
    return digest.hexdigest()


def is_done(what: str) -> bool:
    path = VENV / f"{what}.stamp"
    return PYTHON.exists() and path.exists() and path.read_text() == stamp()


def mark_done(what: str) -> None:
    (VENV / f"{what}.stamp").write_text(stamp())


# Test


def test() -> int:
    """Everything together here, then each distribution alone and the other Pythons in tox; one summary for all."""
    started = time.monotonic()
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    say("every test, with everything installed; then the kernel alone, each plugin alone, the other Pythons")
    # The longest first: what is short fills the gaps.
    runs = {**together(), **alone()}
    with ThreadPoolExecutor(LANES) as lanes:
        codes = list(lanes.map(run, runs, runs.values()))
    failed = [name for name, code in zip(runs, codes, strict=True) if code]
    return summarize(failed, time.monotonic() - started)


def run(name: str, command: Command) -> int:
    """The exit code. What it says is printed when it has ended: the summary, or all of it if it went wrong."""
    log, began = REPORTS / f"{name}.log", time.monotonic()
    with log.open("w") as output:
        code = subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    said = log.read_text(errors="replace") if code else last_line(log)
    print(f"{said.rstrip()}\nrun.py: {name}: exit code {code} after {time.monotonic() - began:.0f} s", flush=True)
    return code


def last_line(log: Path) -> str:
    """The summary of a run that went well."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if " passed" in line or " skipped" in line]
    return lines[-1] if lines else ""


def together() -> dict[str, Command]:
    """All tests, with everything installed, in three runs.

    What compares a run with the documentation is in one run with the suites that it is about.
    """
    compared = [path for folder in folders()[:-1] if (path := folder / "tests").exists()]
    compared += [ROOT / "tests" / name for name in ("guards", "brokers", "docs")]
    acceptance = ROOT / "tests" / "acceptance"
    others = {path for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    return {
        "distributions": pytest("distributions", compared),
        "acceptance": pytest("acceptance", [acceptance]),
        "others": pytest("others", others - {acceptance, *compared}),
    }


def alone() -> dict[str, Command]:
    """The environments of tox, but for those that `together` is: this Python, and the site, built by its own test."""
    done = {"all", "docs", f"py3{sys.version_info.minor}"}
    done |= {f"py3{minor}" for minor in range(10, 14) if not has_python(minor)}
    listed = subprocess.check_output([PYTHON, "-m", "tox", "list", "--no-desc", "--quiet"], cwd=ROOT, text=True)
    discover = [str(path) for path in pyenv_pythons()]
    tox = [PYTHON, "-m", "tox", "run", *(["--discover", *discover] if discover else []), "-e"]
    names = sorted(
        (name for name in listed.split() if name not in done),
        key=lambda name: LONG.index(name) if name in LONG else len(LONG),
    )
    return {name: [*tox, name] for name in names}


def pytest(name: str, paths: Iterable[Path]) -> Command:
    return [PYTHON, "-m", "pytest", "--quiet", f"--junit-xml={REPORTS / name}.xml", *sorted(paths)]


def pyenv_pythons() -> list[Path]:
    """The Pythons of a pyenv, if there is one: tox looks on the PATH, where pyenv keeps one version only."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(root.glob("versions/3.1[0-3].*/bin/python"))


def has_python(minor: int) -> bool:
    """Whether tox will find Python 3.`minor`; it counts it as a failure if there is nothing else to run."""
    return shutil.which(f"python3.{minor}") is not None or any(f"/3.{minor}." in str(path) for path in pyenv_pythons())


def summarize(failed: list[str], seconds: float) -> int:
    """Add up the reports of all runs. A run that ended without a report counts as an error."""
    total: Counter[str] = Counter()
    for report in sorted(REPORTS.glob("*.xml")):
        counts = count(report)
        print(f"  {report.stem:24} {describe(counts)}")
        total += counts
    if failed and not total["failed"] + total["error"]:
        total["error"] += 1
    if failed:
        say(f"not well: {', '.join(failed)}")
    print(f" {describe(total)} in {seconds:.2f}s ".center(100, "="), flush=True)
    return 1 if failed or total["failed"] + total["error"] else 0


def describe(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[what]} {what}" for what in WORDS if counts[what]) or "no tests ran"


def count(report: Path) -> Counter[str]:
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    total: Counter[str] = Counter()
    for suite in suites:
        failed, errors, skipped = (int(suite.get(name, 0)) for name in ("failures", "errors", "skipped"))
        passed = int(suite.get("tests", 0)) - failed - errors - skipped
        total += Counter(passed=passed, failed=failed, skipped=skipped, error=errors)
    return total


def say(text: str) -> None:
    print(f"run.py: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
