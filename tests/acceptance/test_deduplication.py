"""A worker that is killed after a result was stored, and before the broker knows that the task is done."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork", "umbel-dedup")
TWICE = '''
import os, signal
from pathlib import Path
from umbel import Umbel
from umbel.contracts import Bootstep

HERE = Path(__file__).parent
app = Umbel("twice")

class Killer(Bootstep):
    """Kills its worker, once, between the record of a result and the end of the message."""
    contract_version = 1
    name = "killer"

    def start(self, worker): ...

    def follower(self):
        return self.kill

    def kill(self, stored):
        if not (HERE / "killed").exists():
            (HERE / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

app.catalogue.register("bootstep", "killer", Killer)

@app.task(acks_late=True)
def count():
    with (HERE / "runs").open("a") as file:
        file.write("x")
'''


@pytest.mark.parametrize(
    ("is_on", "said", "runs"),
    [(True, "it had succeeded before it came back to the queue", "x"), (False, "succeeded in", "xx")],
)
def test_a_task_that_has_succeeded_is_not_run_again(project: Project, is_on: bool, said: str, runs: str) -> None:
    (project.folder / "twice.py").write_text(TWICE)
    worker = ("-c", "1", "-l", "INFO", "--", f"worker_deduplicate_successful_tasks={is_on}")
    first = project.worker(*worker, app="twice")
    task_id = project.umbel("call", "twice.count", app="twice").stdout.strip()
    assert first.end() == -signal.SIGKILL
    second = project.worker(*worker, app="twice")
    assert task_id in second.until(said)
    assert (project.folder / "runs").read_text() == runs
