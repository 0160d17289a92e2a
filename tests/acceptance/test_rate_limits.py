"""`rate_limit` in a real worker, with the others waiting in the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-prefork", "umbel-ratelimit")
LIMITED = """
import time
from umbel import Umbel

app = Umbel("slowly")

@app.task(rate_limit="20/s")
def now():
    return time.time()
"""


def test_tasks_begin_no_more_often_than_their_limit_says(project: Project) -> None:
    (project.folder / "slowly.py").write_text(LIMITED)
    running = project.worker("-c", "2", app="slowly")
    said = project.python(
        "import time\n"
        "from slowly import now\n"
        "sent = time.time()\n"
        "began = [result.get(timeout=60) for result in now.apply_many(() for _ in range(20))]\n"
        "print(max(began) - sent)"
    )
    assert float(said) > 0.8, "the twentieth at 20 a second comes 0.95 s after the first, give or take 0.1"
    assert "has no effect" not in running.output
