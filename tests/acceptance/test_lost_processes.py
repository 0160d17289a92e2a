"""Tasks whose process dies under them, in a real worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork")
DEADLY = """
import os, signal
from umbel import Umbel

app = Umbel("deadly")

@app.task(bind=True, retry_on_worker_lost=True, default_retry_delay=0, max_retries=2)
def die(self, times):
    if self.request.retries < times:
        os.kill(os.getpid(), signal.SIGKILL)
    return self.request.retries
"""


def test_a_task_is_retried_when_its_process_dies_as_often_as_it_may_be(project: Project) -> None:
    (project.folder / "deadly.py").write_text(DEADLY)
    project.worker("-c", "1", app="deadly")
    said = project.python(
        "from deadly import die\n"
        "lived, dead = die.delay(2), die.delay(3)\n"
        "print(lived.get(timeout=60), repr(dead.get(timeout=60, propagate=False)))"
    )
    assert said.startswith("2 WorkerLostError(")
