"""`--max-tasks-per-child` and `--max-memory-per-child` in pools that run tasks in the worker's own process."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-recycle")
LEAKY = '''
import os, uuid
from umbel import Umbel

app = Umbel("leaky")
app.conf.worker_prefetch_multiplier = 1
LIFE = uuid.uuid4().hex
leaked = []

@app.task
def life():
    """Which life of which process."""
    return [os.getpid(), LIFE]

@app.task
def leak(mebibytes):
    leaked.append(b"x" * (mebibytes * 2**20))
'''
UNTIL_ANEW = """
from leaky import leak, life
pid, first = life.delay().get(timeout=60)
leak.delay({mebibytes}).get(timeout=60)
while (now := life.delay().get(timeout=60))[1] == first:
    pass
print(now[0] == pid)
"""


@pytest.fixture(params=["solo", "threads", "asyncio", "gevent", "eventlet"])
def pool(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name != "solo":
        pytest.importorskip(f"umbel_{name}")
    return name


@pytest.fixture
def leaky(project: Project) -> Project:
    (project.folder / "leaky.py").write_text(LEAKY)
    return project


def test_the_worker_is_started_anew_after_so_many_tasks_and_loses_none(leaky: Project, pool: str) -> None:
    running = leaky.worker("-P", pool, "-l", "INFO", "--max-tasks-per-child", "10", app="leaky")
    assert leaky.python(UNTIL_ANEW.format(mebibytes=0)) == "True\n"
    running.until("max_tasks_per_child")
    running.signal(signal.SIGTERM)
    assert running.end() == 0


def test_the_worker_is_started_anew_with_so_much_memory(leaky: Project) -> None:
    pytest.importorskip("umbel_threads")
    leaky.worker("-P", "threads", "-l", "INFO", "--max-memory-per-child", "300000", app="leaky").until("ready")
    assert leaky.python(UNTIL_ANEW.format(mebibytes=300)) == "True\n"


def test_without_the_plugin_it_is_refused(leaky: Project, pool: str) -> None:
    leaky.environment["UMBEL_PLUGINS_DISABLED"] = "recycle"
    ran = leaky.umbel("worker", "-P", pool, "--max-tasks-per-child", "10", app="leaky")
    assert ran.returncode != 0
    assert "max_tasks_per_child" in ran.stderr
