"""Real workers, with a broker that goes away and processes that are stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.needs("umbel-health", "umbel-cli", "umbel-prefork", "umbel-sqlite")
#: Nothing here waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 60.0
APP = """
import os, signal, time
from pathlib import Path
from umbel import Umbel

app = Umbel("proj")

@app.task
def pid():
    return os.getpid()

@app.task
def until(name):
    Path(name + ".started").write_text(str(os.getpid()))
    while not Path(name).exists():
        time.sleep(0.01)
"""


class Probed:
    """A worker with a file for probes."""

    def __init__(self, folder: Path, environment: dict[str, str], *settings: str) -> None:
        self.folder = folder
        (folder / "proj.py").write_text(APP)
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), **environment}
        self.process = subprocess.Popen(
            [*self.umbel("worker"), "-c", "1", "--", f"health_file={folder / 'health'}", *settings],
            cwd=folder, env=self.environment, start_new_session=True,
        )  # fmt: skip

    def umbel(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "umbel", "-A", "proj", *arguments]

    def call(self, task: str, *arguments: str) -> str:
        command = self.umbel("call", f"proj.{task}", "--args", json.dumps(arguments))
        return subprocess.check_output(command, cwd=self.folder, env=self.environment, text=True).strip()

    def report(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "health").read_text())
        except FileNotFoundError:
            return {}
        return found

    def until(self, **facts: Any) -> dict[str, Any]:
        """The first report that has these facts."""
        pause = threading.Event()
        for _ in range(int(LIMIT_S / 0.05)):
            report = self.report()
            if facts.items() <= report.items():
                return report
            assert self.process.poll() is None, "the worker has ended"
            pause.wait(0.05)
        raise AssertionError(f"never {facts}: {self.report()}")

    def probe(self, *arguments: str) -> int:
        command = [sys.executable, "-m", "umbel", "health", "--file", str(self.folder / "health"), *arguments]
        return subprocess.run(command, cwd=self.folder, env=self.environment).returncode

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(LIMIT_S)


@pytest.fixture
def probed(tmp_path: Path) -> Iterator[Callable[..., Probed]]:
    made: list[Probed] = []

    def make(*settings: str, **environment: str) -> Probed:
        made.append(Probed(tmp_path, environment, *settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_worker_is_ready_and_while_it_ends_it_is_not(probed: Callable[..., Probed]) -> None:
    worker = probed()
    worker.until(ready=True)
    assert worker.probe("--ready") == 0
    go = str(worker.folder / "go")
    worker.call("until", go)
    worker.until(running=1)
    worker.process.terminate()
    report = worker.until(ready=False)
    assert (report["alive"], report["waits_for"]) == (True, ["it ends (warm, SIGTERM)"])
    assert (worker.probe(), worker.probe("--ready")) == (0, 1)
    Path(go).touch()
    assert worker.process.wait(LIMIT_S) == 0
    assert worker.probe() == 69


@pytest.mark.needs("umbel-redis", "umbel-conformance")
@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_a_broker_that_is_away_makes_it_unready_and_not_dead(
    probed: Callable[..., Probed], tmp_path: Path, how: str
) -> None:
    from umbel_conformance.redis_server import RedisServer  # noqa: PLC0415  (it needs hiredis)

    server = RedisServer(tmp_path / "redis").start()
    worker = probed("health_stuck_after_s=30", UMBEL_BROKER_URL=server.url())
    worker.until(ready=True)
    getattr(server, how)()
    report = worker.until(ready=False)
    assert (report["alive"], report["stuck"]) == (True, [])
    assert report["waits_for"][0].startswith("the broker, for ")
    server.start() if how == "kill" else server.thaw()
    worker.until(ready=True, alive=True)
    server.kill()


def test_a_worker_whose_process_is_stopped_is_stuck(probed: Callable[..., Probed]) -> None:
    worker = probed("health_stuck_after_s=1")
    worker.until(ready=True)
    mark = worker.folder / "go.started"
    worker.call("until", str(worker.folder / "go"))
    worker.until(running=1)
    child = int(mark.read_text())
    os.kill(child, signal.SIGSTOP)
    report = worker.until(alive=False)
    assert report["stuck"][0].startswith(f"process {child} of the pool has been stopped for ")
    assert not report["ready"]
    assert worker.probe() == 1
    os.kill(child, signal.SIGCONT)
    worker.until(alive=True, ready=True)


def test_a_worker_that_is_stopped_itself_gives_no_answer(probed: Callable[..., Probed]) -> None:
    worker = probed()
    worker.until(ready=True)
    worker.process.send_signal(signal.SIGSTOP)
    pause = threading.Event()
    while worker.probe() == 0:
        pause.wait(0.1)
    assert worker.probe() == 69
