from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs("umbel-cli", "umbel-demo", "umbel-sqlite", "umbel-prefork")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "umbel", "demo", *arguments]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment in which everything that is left behind would be seen."""
    (tmp_path / "tmp").mkdir()
    return {
        **os.environ,
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path / "tmp"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Enough work that a demo is in the middle of it when it is interrupted."""
    folder = tmp_path / "files"
    folder.mkdir()
    content = os.urandom(1 << 20)
    for number in range(400):
        (folder / f"{number:03}").write_bytes(content[number:])
    return folder


def test_the_demo_does_real_work_and_its_results_match_a_serial_run(home: dict[str, str]) -> None:
    ran = subprocess.run(command("--limit", "100", "--json"), env=home, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    assert figures["match"] is True
    assert figures["tasks"] == 100
    assert figures["pool"] == "prefork"
    assert figures["files_bytes"] > figures["compressed_bytes"] > 0
    assert figures["latency_ms"]["p50"] <= figures["latency_ms"]["p99"]
    assert left_behind(home) == []


def test_the_demo_says_in_words_what_it_measured(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("one two\n")
    ran = subprocess.run(command(str(tmp_path / "one.txt")), env=home, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    for words in ("1 files, 8 bytes, 1 lines, 2 words", "tasks/s", "p50", "all results equal the serial run"):
        assert words in ran.stdout


def test_a_file_that_changes_under_the_demo_is_a_mismatch_and_exit_code_1(home: dict[str, str], tmp_path: Path) -> None:
    # A pipe's end gives other bytes to each reader, as a file that somebody writes to does.
    program = (
        "import umbel_demo.measure as measure, umbel.__main__\n"
        "measure.digest = lambda path: {'sha256': 'other'}\n"
        "umbel.__main__.main()\n"
    )
    (tmp_path / "file").write_text("x")
    ran = subprocess.run(
        [sys.executable, "-c", program, "demo", str(tmp_path / "file")],
        env=home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 1
    assert "1 results differ from the serial run" in ran.stdout


def test_a_worker_that_cannot_start_is_an_error_with_its_reason(home: dict[str, str]) -> None:
    ran = subprocess.run(command("-P", "nosuch", "--limit", "1"), env=home, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 1
    assert "nosuch" in ran.stderr
    assert left_behind(home) == []


@pytest.mark.faults
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 128 + signal.SIGINT), (signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["SIGINT", "SIGTERM", "SIGKILL"],
)
def test_an_interrupted_demo_leaves_nothing_behind(number: int, code: int, home: dict[str, str], files: Path) -> None:
    with interrupted(home, files) as (demo, _):
        demo.send_signal(number)
        assert demo.wait(60) == code
        assert b"Traceback" not in demo.stderr.read()


@pytest.mark.faults
@pytest.mark.parametrize("who", ["keeper", "worker"])
def test_a_demo_whose_helper_is_killed_says_so_and_leaves_nothing_behind(
    who: str, home: dict[str, str], files: Path
) -> None:
    with interrupted(home, files) as (demo, keeper):
        (worker,) = children(keeper)
        os.kill({"keeper": keeper, "worker": worker}[who], signal.SIGKILL)
        assert demo.wait(60) == 1
        assert b"the worker ended" in demo.stderr.read()


@contextmanager
def interrupted(home: dict[str, str], files: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A demo in the middle of its work, and the id of its keeper; afterwards nothing of it may be left."""
    with subprocess.Popen(
        command(str(files), "-c", "2"), env=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as demo:
        try:
            folder = state_folder(home, demo)
            (keeper,), family = children(demo.pid), descendants(demo.pid)
            yield demo, keeper
        finally:
            demo.kill()
    # After a kill -9 the keeper cleans up when it sees the pipe closed: nobody can wait for it but by looking.
    while folder.exists() or any(map(is_alive, family)):
        os.sched_yield()
    assert left_behind(home) == []


def state_folder(home: dict[str, str], demo: subprocess.Popen[bytes]) -> Path:
    """The folder of the demo's worker, once there are a keeper, a worker and two processes of its pool."""
    while demo.poll() is None:
        if len(descendants(demo.pid)) >= 4:
            (folder,) = Path(home["TMPDIR"]).glob("umbel-demo-*")
            return folder
    raise AssertionError(f"the demo ended: {demo.communicate()}")


def descendants(pid: int) -> set[int]:
    """The processes below `pid`."""
    return {each for child in children(pid) for each in (child, *descendants(child))}


def children(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def left_behind(home: dict[str, str]) -> list[str]:
    """Temporary files and state that outlived the demo."""
    return sorted(os.listdir(home["TMPDIR"])) + (
        os.listdir(home["XDG_STATE_HOME"]) if os.path.exists(home["XDG_STATE_HOME"]) else []
    )
