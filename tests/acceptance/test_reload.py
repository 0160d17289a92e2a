"""`umbel worker --reload`, with real processes."""

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

pytestmark = pytest.mark.needs("umbel-reload", "umbel-cli", "umbel-sqlite", "umbel-prefork")
WORKER = ("-A", "proj", "worker", "--reload", "-l", "INFO", "-c", "1")
POOLS = (
    "prefork",
    "solo",
    *(pytest.param(p, marks=pytest.mark.needs(f"umbel-{p}")) for p in ("threads", "asyncio", "gevent", "eventlet")),
)
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


class Developed:
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

    def __init__(self, project: Developed, command: list[str]) -> None:
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
def project(tmp_path: Path) -> Iterator[Developed]:
    made = Developed(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("pool", POOLS)
def test_a_changed_file_starts_the_worker_anew_and_is_named(project: Developed, pool: str) -> None:
    worker = project.worker(*WORKER, "-P", pool)
    worker.until("ready.")
    assert project.ask() == "1"
    project.write("business", "ANSWER = 2\n")
    worker.until("--reload: business.py has changed")
    worker.until("warm shutdown")
    worker.until("ready.")
    assert project.ask() == "2"
    worker.process.send_signal(signal.SIGTERM)
    assert worker.ends() == 0


def test_a_file_that_only_a_task_imports_counts_too(project: Developed) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    assert project.ask("late") == "1"
    project.write("imported_late", "ANSWER = 2\n")
    worker.until("--reload: imported_late.py has changed")
    worker.until("ready.")
    assert project.ask("late") == "2"


def test_a_file_that_nobody_imports_does_not_count(project: Developed) -> None:
    project.write("bystander", "")
    worker = project.worker(*WORKER)
    worker.until("ready.")
    project.write("bystander", "changed = True\n")
    project.write("business", "ANSWER = 2\n")
    assert "bystander" not in worker.until("changed")


def test_a_syntax_error_is_shown_and_the_next_change_is_waited_for(project: Developed) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    project.write("business", "ANSWER = = 2\n")
    worker.until("SyntaxError")
    worker.until("waiting for a change")
    project.write("business", "ANSWER = 2\n")
    worker.until("--reload: business.py has changed: the worker starts again")
    worker.until("ready.")
    assert project.ask() == "2"


def test_a_worker_that_never_started_starts_when_the_missing_file_is_there(project: Developed) -> None:
    (project.folder / "business.py").unlink()
    worker = project.worker(*WORKER)
    worker.until("waiting for a change")
    project.write("business", "ANSWER = 3\n")
    worker.until("--reload: business.py has changed")
    worker.until("ready.")
    assert project.ask() == "3"


def test_an_interrupt_while_a_change_is_waited_for_ends_it(project: Developed) -> None:
    project.write("business", "1 / 0\n")
    worker = project.worker(*WORKER)
    worker.until("waiting for a change")
    worker.process.send_signal(signal.SIGINT)
    assert worker.ends() == 1


def test_an_interrupt_is_passed_on_once_and_ends_the_worker_warmly(project: Developed) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    worker.process.send_signal(signal.SIGINT)
    assert worker.ends() == 0
    assert "warm shutdown (SIGINT)" in worker.output
    assert "cold" not in worker.output


def test_hup_starts_a_new_worker(project: Developed) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    worker.process.send_signal(signal.SIGHUP)
    worker.until("ready.")


def test_a_worker_whose_supervisor_was_killed_ends(project: Developed) -> None:
    worker = project.worker(*WORKER)
    worker.until("ready.")
    worker.process.kill()
    worker.ends()
    assert "warm shutdown (its supervisor (--reload) is gone)" in worker.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [((*WORKER, "--detach"), "leave --detach out"), ((*WORKER, "--concurrency", "many"), "not a valid integer")],
)
def test_a_command_line_that_cannot_be_is_refused_at_once(
    project: Developed, arguments: tuple[str, ...], says: str
) -> None:
    worker = project.worker(*arguments)
    assert worker.ends() == 2
    assert says in worker.output
    assert "waiting" not in worker.output


def test_a_folder_to_work_in_is_gone_to_once(project: Developed) -> None:
    inner = project.folder / "inner"
    inner.mkdir()
    (inner / "business.py").write_text("ANSWER = 7\n")
    worker = project.worker("--workdir", "inner", *WORKER)
    worker.until("ready.")


def test_a_program_that_runs_its_own_worker_is_run_again(project: Developed) -> None:
    program = "from umbel import Umbel\nUmbel('proj').worker_main(['worker', '--reload', '-l', 'INFO', '-c', '1'])\n"
    project.write("proj", program)
    worker = project.start("proj.py")
    worker.until("ready.")
    project.write("proj", f"{program}\n")
    worker.until("--reload: proj.py has changed")
    worker.until("ready.")
