"""A worker with the pool `asyncio`, in a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Project

pytestmark = pytest.mark.needs("umbel-cli", "umbel-sqlite", "umbel-asyncio")
WORKER = ("--pool", "asyncio", "-l", "INFO")
LOOPS = '''
import asyncio
from pathlib import Path
from umbel import Umbel

HERE = Path(__file__).parent
app = Umbel("loops")
together = set()

@app.task
async def meet(number, count):
    """All of them run at once, or none ends."""
    together.add(number)
    while len(together) < count:
        await asyncio.sleep(0.01)
    return number

@app.task
async def ask(number):
    """A task that awaits another one."""
    return await (await meet.adelay(number, 1))

@app.task(acks_late=True)
async def wait_for(name):
    (HERE / f"{name}.started").touch()
    try:
        while not (HERE / name).exists():
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        (HERE / f"{name}.cleaned").touch()
        raise
    return name

@app.task(acks_late=True)
async def block(name):
    import time
    (HERE / f"{name}.started").touch()
    while not (HERE / name).exists():
        time.sleep(0.01)
    return name
'''


@pytest.fixture
def loops(project: Project) -> Project:
    (project.folder / "loops.py").write_text(LOOPS)
    return project


def test_three_hundred_run_at_once_and_one_awaits_another(loops: Project) -> None:
    loops.worker(*WORKER, app="loops").until("ready")
    said = loops.python(
        "from loops import ask, meet\n"
        "results = meet.apply_many((number, 300) for number in range(300))\n"
        "print(sum(result.get(timeout=60) for result in results), ask.delay(7).get(timeout=60))"
    )
    assert said == f"{sum(range(300))} 7\n"


def test_sigterm_lets_a_running_coroutine_end(loops: Project, appears: Callable[[Path], None]) -> None:
    running = loops.worker(*WORKER, app="loops")
    task_id = loops.umbel("call", "loops.wait_for", "--args", '["go"]', app="loops").stdout.strip()
    appears(loops.folder / "go.started")
    running.signal(signal.SIGTERM)
    running.until("warm shutdown")
    (loops.folder / "go").touch()
    assert running.end() == 0
    assert loops.umbel("result", task_id, "--timeout", "10", app="loops").stdout == "go\n"


@pytest.mark.parametrize("task", ["wait_for", "block"])
def test_a_second_sigterm_ends_at_once_and_the_task_is_done_by_another_worker(
    loops: Project, appears: Callable[[Path], None], task: str
) -> None:
    running = loops.worker(*WORKER, app="loops")
    task_id = loops.umbel("call", f"loops.{task}", "--args", '["go"]', app="loops").stdout.strip()
    appears(loops.folder / "go.started")
    running.signal(signal.SIGTERM)
    running.until("warm shutdown")
    running.signal(signal.SIGTERM)
    running.until("cold shutdown")
    assert running.end() == 1
    assert (loops.folder / "go.cleaned").exists() == (task == "wait_for")
    (loops.folder / "go").touch()
    loops.worker(*WORKER, app="loops")
    assert loops.umbel("result", task_id, "--timeout", "60", app="loops").stdout == "go\n"
