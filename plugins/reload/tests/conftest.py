"""A project that is being developed, and its worker."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 60.0

APP = """
from umbel import Umbel
from business import ANSWER

app = Umbel("proj")

@app.task
def answer():
    return ANSWER

@app.task
def late():
    from imported_late import ANSWER
    return ANSWER
"""


class Project:
    """A folder with an app of two files, and one that only a task imports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(folder)}
        self.write("proj", APP)
        self.write("business", "ANSWER = 1\n")
        self.write("imported_late", "ANSWER = 1\n")
        self._started: list[Reloading] = []

    def write(self, module: str, text: str) -> None:
        (self.folder / f"{module}.py").write_text(text)

    def worker(self, *arguments: str) -> Reloading:
        return self.start("-m", "umbel", *arguments)

    def start(self, *arguments: str) -> Reloading:
        self._started.append(Reloading(self, [sys.executable, *arguments]))
        return self._started[-1]

    def ask(self, task: str = "answer") -> str:
        """What a task returns."""
        program = f"import proj; print(proj.{task}.delay().get(timeout={LIMIT_S}))"
        return subprocess.check_output(
            [sys.executable, "-c", program], cwd=self.folder, env=self.environment, text=True, timeout=LIMIT_S
        ).strip()

    def close(self) -> None:
        for each in self._started:
            each.kill()


class Reloading:
    """A worker with `--reload`, whose output is read as it comes."""

    def __init__(self, project: Project, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=project.folder, env=project.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.output = ""
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

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

    def ends(self) -> int:
        """The exit code; every process that holds the output has ended too."""
        self._reader.join(LIMIT_S)
        while not self._lines.empty():
            self.output += self._lines.get()
        return self.process.wait(LIMIT_S)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.ends()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    made.close()
