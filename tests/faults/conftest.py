"""Processes to kill, and what is needed to see what became of their work."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 60.0
#: Has the system kill what a test starts, when the test run itself was killed (setpriv(1)).
MORTAL = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()
HERE = Path(__file__).parent


class Started:
    """A process in a session of its own, and all that it starts."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*MORTAL, *command], env=environment, cwd=log.parent, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def children(self) -> list[int]:
        return children_of(self.pid)

    def descendants(self, leaves: bool) -> list[int]:
        """The living processes below this one: those that have no children themselves, or those that have."""
        found, parents = [], self.children()
        while parents:
            families = {parent: children_of(parent) for parent in parents}
            found += [parent for parent, children in families.items() if bool(children) != leaves]
            parents = [child for children in families.values() for child in children]
        return found

    def session(self) -> list[int]:
        """Every living process that this one left in its session, itself included."""
        return [pid for pid, session in sessions() if session == self.pid]

    def kill(self) -> None:
        """This process only: what it started has to notice by itself."""
        self.process.kill()
        self.process.wait()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


class Machine:
    """A machine with an embedded broker in a state folder of its own, and a project `module` beside it."""

    def __init__(self, folder: Path, module: str) -> None:
        self.folder = folder
        self.module = module
        self.environment = {
            **os.environ, "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder), "PYTHONPATH": str(HERE),
            "PYTHONFAULTHANDLER": "1",
        }  # fmt: skip
        #: The command of this project.
        self.umbel = [sys.executable, "-m", "umbel", "-A", module]
        self._started: list[Started] = []

    def worker(self, *arguments: str, under: tuple[str, ...] = ()) -> Started:
        return self.start("worker", [*under, *self.umbel, "worker", *arguments])

    def client(self, what: str) -> Started:
        """Run `python faulty.py WHAT` and leave it running."""
        return self.start("client", [sys.executable, str(HERE / f"{self.module}.py"), what])

    def start(self, kind: str, command: list[str]) -> Started:
        started = Started(command, self.environment, self.folder / f"{kind}.log")
        self._started.append(started)
        return started

    def ask(self, what: str) -> Any:
        """Run `python faulty.py WHAT` to its end; returns what it printed, read as JSON."""
        command = [sys.executable, str(HERE / f"{self.module}.py"), what]
        ran = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Block until `condition`; fails with the worker's last words after `LIMIT_S` seconds."""
        watch, deadline = threading.Event(), time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} within {LIMIT_S:.0f} s\n{self.last_words()}")
            watch.wait(0.005)

    def last_words(self) -> str:
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in logs)

    def databases_are_sound(self) -> None:
        databases = list((self.folder / "state").rglob("*.db"))
        assert databases, "there is no database: is the broker the embedded one?"
        for path in databases:
            with closing(sqlite3.connect(path, timeout=LIMIT_S)) as database:
                assert database.execute("pragma integrity_check").fetchall() == [("ok",)], path

    def nothing_is_left(self) -> None:
        """Every process that was started, and all that those started, have ended or do so now."""
        self.until(lambda: not any(started.session() for started in self._started), "end of all processes")

    def close(self) -> None:
        for started in self._started:
            for pid in started.session():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            started.process.wait(LIMIT_S)


def children_of(pid: int) -> list[int]:
    """The living children of all threads of a process (proc(5))."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return [child for child in found if _stat(child)[0] not in "ZX"]


def sessions() -> Iterator[tuple[int, int]]:
    """Every living process and its session."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            state, session = _stat(int(entry))
            if state not in "ZX":
                yield int(entry), session


def _stat(pid: int) -> tuple[str, int]:
    """The state and the session of a process; `X` when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    return fields[0], int(fields[3])


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Callable[[str], Machine]]:
    """Makes the machine; all that runs on it ends with the test."""
    made: list[Machine] = []

    def make(module: str) -> Machine:
        made.append(Machine(tmp_path, module))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts a redis-server with these options; gone at the end."""
    from umbel_conformance.redis_server import RedisServer  # noqa: PLC0415

    servers: list[Any] = []

    def start(*options: str) -> Any:
        servers.append(RedisServer(tmp_path / f"redis-{len(servers)}", *options).start())
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def plain_server(start_server: Callable[..., Any]) -> Any:
    """A redis-server that keeps everything in its memory."""
    return start_server()


@pytest.fixture
def durable_server(start_server: Callable[..., Any]) -> Any:
    """A redis-server that has on its disk what it confirms."""
    return start_server("--appendonly", "yes", "--appendfsync", "always")
