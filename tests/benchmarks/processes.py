"""Processes of a run: started in a session of their own, weighed through /proc, and gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import frozen

PROC = Path("/proc")


@frozen
class Weight:
    """What a process tree takes of the machine, in mebibytes."""

    rss: float
    pss: float
    processes: int


def peak_mib(pids: Sequence[int]) -> float:
    """The most that these processes have had in memory, each at its own time (proc(5), VmHWM), in mebibytes."""
    lines = [line for pid in pids for line in (_read(PROC / str(pid) / "status") or "").splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


class Tree:
    """The processes that a command started, itself included."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path, cwd: Path) -> None:
        self.log = log
        self.began_ns = time.monotonic_ns()
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                env=environment,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def pids(self) -> list[int]:
        """Every living process of the session."""
        return [pid for pid, session, state in _sessions() if session == self._process.pid and state != "Z"]

    def alive(self) -> bool:
        return self._process.poll() is None

    def weight(self) -> Weight:
        pids = self.pids()
        rolls = [_rollup(pid) for pid in pids]
        return Weight(
            rss=sum(roll.get("Rss", 0) for roll in rolls) / 1024,
            pss=sum(roll.get("Pss", 0) for roll in rolls) / 1024,
            processes=len(pids),
        )

    def cpu_s(self) -> float:
        """Seconds of CPU that the living threads of the tree have had, to the nanosecond (proc(5), schedstat).

        And those that its children had whom it has seen die, to a hundredth of a second.
        """
        total, ticks = 0, 0
        for pid in self.pids():
            for schedule in (PROC / str(pid) / "task").glob("*/schedstat"):
                total += int((_read(schedule) or "0").split()[0])
            fields = (_read(PROC / str(pid) / "stat") or "").rpartition(")")[2].split()
            ticks += sum(map(int, fields[13:15]))
        return total / 1e9 + ticks / os.sysconf("SC_CLK_TCK")

    def wakeups(self) -> int:
        """How often a living thread of the tree has gone to sleep and come back."""
        total = 0
        for pid in self.pids():
            for status in (PROC / str(pid) / "task").glob("*/status"):
                for line in (_read(status) or "").splitlines():
                    if line.startswith("voluntary_ctxt_switches"):
                        total += int(line.split()[1])
        return total

    def kill(self) -> None:
        """Ends every process of the session, however it takes it."""
        while True:
            for pid in self.pids():
                _kill(pid)
            self._process.poll()
            if not self.pids():
                self._process.wait()
                return
            time.sleep(0.01)


def stop(trees: Sequence[Tree]) -> None:
    for tree in trees:
        tree.kill()


@contextmanager
def running(commands: Sequence[Sequence[str]], environment: Mapping[str, str], folder: Path) -> Iterator[list[Tree]]:
    """One worker or several, killed at the end; their output is in `folder`."""
    trees: list[Tree] = []
    try:
        for number, command in enumerate(commands):
            trees.append(Tree(command, environment, folder / f"worker{number}.log", folder))
        yield trees
    finally:
        stop(trees)


def weight_of(pid: int) -> Weight:
    roll = _rollup(pid)
    return Weight(rss=roll.get("Rss", 0) / 1024, pss=roll.get("Pss", 0) / 1024, processes=1)


def _sessions() -> Iterator[tuple[int, int, str]]:
    for entry in os.listdir(PROC):
        if entry.isdigit() and (text := _read(PROC / entry / "stat")):
            state, _parent, _group, session = text.rpartition(")")[2].split()[:4]
            yield int(entry), int(session), state


def _rollup(pid: int) -> dict[str, int]:
    lines = (_read(PROC / str(pid) / "smaps_rollup") or "").splitlines()[1:]
    return {name.rstrip(":"): int(value) for name, value, *_ in (line.split() for line in lines)}


def _read(path: Path) -> str | None:
    """The text of a file of /proc; None when its process is gone."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
