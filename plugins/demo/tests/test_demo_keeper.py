from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

#: A worker with a child of its own that does not listen to SIGTERM.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    print(child, file=open(os.path.join(os.environ["XDG_STATE_HOME"], "child"), "w"), flush=True)
time.sleep(600)
"""
OBEDIENT = "import time; time.sleep(600)"


class Kept:
    """A keeper with a worker, as the demo has one."""

    def __init__(self, program: str) -> None:
        command = [sys.executable, "-m", "umbel_demo.keeper", sys.executable, "-c", program]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.folder, self.worker = Path(said["folder"]), said["pid"]

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


@pytest.fixture
def keep() -> Iterator:
    kept: list[Kept] = []

    def start(program: str) -> Kept:
        kept.append(Kept(program))
        return kept[-1]

    yield start
    for each in kept:
        with suppress(BrokenPipeError):
            each.let_go()
        each.process.wait(30)


def test_a_closed_pipe_ends_the_worker_and_removes_its_files(keep) -> None:
    kept = keep(OBEDIENT)
    assert kept.folder.is_dir()
    kept.let_go()
    assert kept.process.wait(30) == 0
    assert not is_alive(kept.worker)
    assert not kept.folder.exists()


def test_a_terminated_keeper_cleans_up_as_well(keep) -> None:
    kept = keep(OBEDIENT)
    kept.process.send_signal(signal.SIGTERM)
    assert kept.process.wait(30) == 128 + signal.SIGTERM
    assert not is_alive(kept.worker)
    assert not kept.folder.exists()


def test_children_of_the_worker_do_not_outlive_it_though_they_ignore_signals(keep, monkeypatch) -> None:
    kept = keep(STUBBORN)
    child = int(eventually_read(kept.folder / "child"))
    kept.let_go()
    kept.process.wait(30)
    assert not is_alive(kept.worker)
    assert not is_alive(child)


def test_a_worker_that_ends_by_itself_is_told_with_the_end_of_its_log(keep) -> None:
    kept = keep("import sys; sys.exit('no such broker')")
    assert kept.process.wait(30) == 1
    assert "no such broker" in json.loads(kept.process.stdout.read())["log"]
    assert not kept.folder.exists()


def eventually_read(path: Path) -> str:
    """What a process writes to `path`, when it has."""
    while not path.exists() or not path.read_text().endswith("\n"):
        os.sched_yield()
    return path.read_text()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not is_zombie(pid)


def is_zombie(pid: int) -> bool:
    # An orphan that was killed stays a zombie until the init process, perhaps a careless one, collects it.
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False
