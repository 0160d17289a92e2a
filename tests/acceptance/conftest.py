"""Real workers in real processes."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 60.0
#: Has the system kill what a test starts, when the test run itself was killed (setpriv(1)).
MORTAL = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()

PROJECT = '''
import os, time
from pathlib import Path
from umbel import Umbel

HERE = Path(__file__).parent
app = Umbel("proj")

@app.task
def add(x, y):
    return x + y

@app.task
def fail(why):
    raise ValueError(why)

@app.task(acks_late=True)
def wait_for(name):
    """Say that it runs, and go on when the file is there."""
    (HERE / f"{name}.started").touch()
    while not (HERE / name).exists():
        time.sleep(0.01)
    return name
'''


class Project:
    """A folder with a module `proj` that has an app on the embedded default, in a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "proj.py").write_text(PROJECT)
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(folder)}
        self._started: list[Running] = []

    def umbel(self, *arguments: str, app: str = "proj", input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `umbel -A proj ARGUMENTS` to its end."""
        return subprocess.run(
            self.command(*arguments, app=app), cwd=self.folder, env=self.environment, input=input, capture_output=True,
            text=True, timeout=LIMIT_S,
        )  # fmt: skip

    def worker(self, *arguments: str, app: str = "proj") -> Running:
        """Start a worker; it has begun when its `until("ready")` returns."""
        return self.start("worker", *arguments, app=app)

    def start(self, *arguments: str, app: str = "proj") -> Running:
        """Start `umbel -A proj ARGUMENTS` and leave it running."""
        return self._start(self.command(*arguments, app=app))

    def command(self, *arguments: str, app: str) -> list[str]:
        return [sys.executable, "-m", "umbel", "-A", app, *arguments]

    def python(self, program: str) -> str:
        """What a program prints that knows the project."""
        ran = subprocess.run(
            [sys.executable, "-c", program], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=LIMIT_S,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def start_python(self, program: str) -> Running:
        """Start a program that knows the project and leave it running."""
        return self._start([sys.executable, "-c", program])

    def _start(self, command: list[str]) -> Running:
        self._started.append(Running(command, self.folder, self.environment))
        return self._started[-1]

    def close(self) -> None:
        for running in self._started:
            running.kill()


class Running:
    """A process whose output is read as it comes."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [*MORTAL, *command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.output = ""
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def until(self, text: str) -> str:
        """Block until the output has `text`; returns the line."""
        while line := self._lines.get(timeout=LIMIT_S):
            self.output += line
            if text in line:
                return line
        raise AssertionError(f"the process ended ({self.process.wait()}) before it said {text!r}:\n{self.output}")

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for the process to end by itself; returns its exit code."""
        code = self.process.wait(LIMIT_S)
        while line := self._lines.get(timeout=LIMIT_S):
            self.output += line
        return code

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(LIMIT_S)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    made.close()


@pytest.fixture
def appears() -> Callable[[Path], None]:
    """Block until a file is there."""

    def wait(path: Path) -> None:
        watch = threading.Event()
        for _ in range(int(LIMIT_S / 0.01)):
            if path.exists():
                return
            watch.wait(0.01)
        raise AssertionError(f"{path} did not appear")

    return wait
