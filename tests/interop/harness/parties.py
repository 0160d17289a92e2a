"""Who takes part: workers and clients of either kind, each in a process of its own, on one project."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .installing import celery_scripts
from .server import MORTAL

PROJECT = Path(__file__).resolve().parents[1] / "project"
#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 60.0
#: What each kind of worker says when it takes tasks.
READY = " ready."


def python(kind: str) -> str:
    return str(celery_scripts() / "python") if kind == "celery" else sys.executable


class Worker:
    """A worker and all that it starts, in a session of its own."""

    def __init__(self, kind: str, environment: dict[str, str], log: Path, *arguments: str) -> None:
        self.kind = kind
        self.log = log
        self._began = log.stat().st_size if log.exists() else 0
        # Mingling waits a second for workers that have nothing to say here.
        quiet = ["--without-mingle", "--without-gossip"] if kind == "celery" else []
        command = [python(kind), "-m", kind, "-A", f"on_{kind}", "worker", "-l", "INFO", *quiet, *arguments]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*MORTAL, *command], cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def said(self) -> str:
        with self.log.open(errors="replace") as log:
            log.seek(self._began)
            return log.read()

    def alive(self) -> bool:
        return self.process.poll() is None

    def until(self, condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
        """Block until `condition`; raises `TimeoutError` with the worker's last words."""
        pause, deadline = threading.Event(), time.monotonic() + limit_s
        while not condition():
            assert self.alive(), f"the worker ended before there was {what}:\n{self.said()[-3000:]}"
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {what} within {limit_s:.0f} s:\n{self.said()[-3000:]}")
            pause.wait(0.01)

    def ready(self) -> Worker:
        self.until(lambda: READY in self.said(), "a ready worker")
        return self

    def kill(self) -> None:
        """SIGKILL for the worker and its pool, as a machine that loses its power does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(LIMIT_S)

    def end(self) -> int:
        """SIGTERM for the worker; returns its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(LIMIT_S)
        finally:
            self.kill()


class Client:
    """A client whose calls are methods: those of project/interop_client.py."""

    def __init__(self, kind: str, environment: dict[str, str], log: Path) -> None:
        self.kind = kind
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*MORTAL, python(kind), "interop_client.py", f"on_{kind}"], cwd=PROJECT, env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, start_new_session=True,
            )  # fmt: skip

    def begin(self, what: str, **options: Any) -> None:
        """Ask without waiting for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, options]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the {self.kind} client ended with {self._process.wait(LIMIT_S)}"
        good, value = json.loads(line)
        assert good, f"the {self.kind} client: {value}"
        return value

    def ask(self, what: str, **options: Any) -> Any:
        self.begin(what, **options)
        return self.answer()

    def send(self, task: str, *args: Any, **options: Any) -> str:
        """Send a task; returns its id."""
        found: str = self.ask("send", task=task, args=args, **options)
        return found

    def get(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("get", id=id)
        return found

    def call(self, task: str, *args: Any, **options: Any) -> Any:
        """Send a task and wait for its value, which must be no error."""
        found = self.get(self.send(task, *args, **options))
        assert "value" in found, found
        return found["value"]

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LIMIT_S)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()


class Parties:
    """Everybody on one database of one server; results are there as well, unless `backend` says otherwise."""

    def __init__(self, url: str, folder: Path, backend: str | None = None) -> None:
        self.url = url
        self.backend = backend or url
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._started: list[Worker | Client] = []
        path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
        self.environment = {
            **os.environ, "INTEROP_URL": url, "INTEROP_BACKEND": self.backend, "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1", "XDG_STATE_HOME": str(folder / "state"),
        }  # fmt: skip

    def worker(self, kind: str, *arguments: str, **environment: str) -> Worker:
        """A worker on its way; it takes tasks when its `ready()` returns."""
        log = self.folder / f"{kind}-worker.log"
        return self._kept(Worker(kind, {**self.environment, **environment}, log, *arguments))

    def client(self, kind: str) -> Client:
        return self._kept(Client(kind, self.environment, self.folder / f"{kind}-client.log"))

    def close(self) -> None:
        for each in self._started:
            each.kill() if isinstance(each, Worker) else each.close()

    def _kept(self, each: Any) -> Any:
        self._started.append(each)
        return each


def noted(notes: Path) -> list[str]:
    """The whole lines that tasks have left there so far."""
    return notes.read_text().split("\n")[:-1] if notes.exists() else []
